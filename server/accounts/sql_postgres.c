#include "accounts/sql_postgres.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/clock.h"
#include "base/memory.h"

/* The id of Peal's advisory lock in the database: "peal". */
#define LOCK "SELECT pg_advisory_xact_lock(1885692268)"

static const char unique_violation[] = "23505";

struct postgres {
    struct sql base; /* first: a struct sql is cast to this */
    char *url;
    uint32_t timeout_ms;
    PGconn *connection; /* NULL: not connected */
    uint64_t deadline_ms;
};

/* ---- waiting ---------------------------------------------------------------
 */

/* Waits until the socket is ready; false at the deadline. */
static bool wait_for(const struct postgres *postgres, short events)
{
    struct pollfd fd = {.fd = PQsocket(postgres->connection), .events = events};
    uint64_t left = clock_elapsed(postgres->deadline_ms, clock_steady_ms());
    return left && poll(&fd, 1, (int)left) > 0;
}

static void drop(struct postgres *postgres)
{
    PQfinish(postgres->connection);
    postgres->connection = NULL;
}

static bool fail(struct postgres *postgres, struct error *error)
{
    const char *why = PQerrorMessage(postgres->connection);
    bool is_late = clock_steady_ms() >= postgres->deadline_ms;
    size_t len = strcspn(why, "\n");
    error_set(error, "PostgreSQL: %.*s",
              is_late || !len ? 9 : (int)(len < 400 ? len : 400),
              is_late || !len ? "no answer" : why);
    drop(postgres);
    return false;
}

static bool connect_now(struct postgres *postgres, struct error *error)
{
    postgres->connection = PQconnectStart(postgres->url);
    PANIC_IF(!postgres->connection); /* no memory */
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (PQstatus(postgres->connection) != CONNECTION_BAD &&
           next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED) {
        if (!wait_for(postgres,
                      next == PGRES_POLLING_READING ? POLLIN : POLLOUT))
            break;
        next = PQconnectPoll(postgres->connection);
    }
    if (next != PGRES_POLLING_OK)
        return fail(postgres, error);
    PQsetnonblocking(postgres->connection, 1);
    return true;
}

/* ---- asking ----------------------------------------------------------------
 */

static bool send_query(struct postgres *postgres, const char *query,
                       const char *const *parameters, int count)
{
    int left = 1;
    if (!PQsendQueryParams(postgres->connection, query, count, NULL, parameters,
                           NULL, NULL, 0))
        return false;
    while ((left = PQflush(postgres->connection)) > 0)
        if (!wait_for(postgres, POLLIN | POLLOUT) ||
            !PQconsumeInput(postgres->connection))
            return false;
    return left == 0;
}

/* The last result, or NULL if it is late. */
static PGresult *read_result(struct postgres *postgres)
{
    PGresult *last = NULL;
    for (;;) {
        while (PQisBusy(postgres->connection))
            if (!wait_for(postgres, POLLIN) ||
                !PQconsumeInput(postgres->connection)) {
                PQclear(last);
                return NULL;
            }
        PGresult *result = PQgetResult(postgres->connection);
        if (!result)
            return last;
        PQclear(last);
        last = result;
    }
}

static void give_rows(const PGresult *result, sql_row *on_row, void *arg)
{
    const char *columns[SQL_COLUMNS_MAX];
    int count = PQnfields(result);
    PANIC_IF(count > SQL_COLUMNS_MAX);
    for (int row = 0; row < PQntuples(result); row++) {
        for (int i = 0; i < count; i++)
            columns[i] =
                PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
        on_row(arg, columns, count);
    }
}

static enum sql_result judge(struct postgres *postgres, PGresult *result,
                             sql_row *on_row, void *arg, struct error *error)
{
    ExecStatusType status = PQresultStatus(result);
    const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    enum sql_result judged = SQL_FAILED;
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        judged = SQL_DONE;
        if (on_row)
            give_rows(result, on_row, arg);
    } else if (code && strcmp(code, unique_violation) == 0) {
        judged = SQL_TAKEN;
    } else {
        error_set(error, "PostgreSQL: %.400s", PQresultErrorMessage(result));
    }
    PQclear(result);
    if (PQstatus(postgres->connection) == CONNECTION_BAD)
        drop(postgres);
    return judged;
}

/* Without a query, incoming data means a closed connection, or a notice, for
 * which reconnecting is acceptable. */
static void drop_lost(struct postgres *postgres)
{
    struct pollfd fd = {.fd = PQsocket(postgres->connection), .events = POLLIN};
    if (postgres->connection && poll(&fd, 1, 0) != 0)
        drop(postgres);
}

static enum sql_result run(struct sql *base, const char *query,
                           const char *const *parameters, int count,
                           sql_row *on_row, void *arg, struct error *error)
{
    struct postgres *postgres = (struct postgres *)base;
    postgres->deadline_ms = clock_steady_ms() + postgres->timeout_ms;
    drop_lost(postgres);
    if (!postgres->connection && !connect_now(postgres, error))
        return SQL_FAILED;
    PGresult *result = send_query(postgres, query, parameters, count)
                           ? read_result(postgres)
                           : NULL;
    if (result)
        return judge(postgres, result, on_row, arg, error);
    fail(postgres, error);
    return SQL_FAILED;
}

static void close_postgres(struct sql *base)
{
    struct postgres *postgres = (struct postgres *)base;
    PQfinish(postgres->connection);
    free(postgres->url);
    free(postgres);
}

static const struct sql_ops ops = {.run = run, .close = close_postgres};

struct sql *sql_postgres_open(const char *url, uint32_t timeout_ms,
                              struct error *error)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &why);
    if (!options) {
        error_set(error, "%.400s", why ? why : "out of memory");
        PQfreemem(why);
        return NULL;
    }
    PQconninfoFree(options);
    struct postgres *postgres = memory_new(1, sizeof *postgres);
    postgres->base = (struct sql){.ops = &ops, .begin = "BEGIN", .lock = LOCK};
    postgres->url = memory_copy_text(url, strlen(url));
    postgres->timeout_ms = timeout_ms;
    return &postgres->base;
}

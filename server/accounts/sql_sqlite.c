#include "accounts/sql_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/memory.h"

struct sqlite {
    struct sql base; /* first: a struct sql is cast to this */
    sqlite3 *handle;
};

static bool bind(sqlite3_stmt *statement, const char *const *parameters,
                 int count)
{
    char name[16];
    bool ok = true;
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "$%d", i + 1);
        int place = sqlite3_bind_parameter_index(statement, name);
        if (place)
            ok &= sqlite3_bind_text(statement, place, parameters[i], -1,
                                    SQLITE_STATIC) == SQLITE_OK;
    }
    return ok;
}

static void give_row(sqlite3_stmt *statement, sql_row *on_row, void *arg)
{
    const char *columns[SQL_COLUMNS_MAX];
    int count = sqlite3_column_count(statement);
    PANIC_IF(count > SQL_COLUMNS_MAX);
    for (int i = 0; i < count; i++)
        columns[i] = (const char *)sqlite3_column_text(statement, i);
    on_row(arg, columns, count);
}

static int step_all(sqlite3_stmt *statement, sql_row *on_row, void *arg)
{
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        if (on_row)
            give_row(statement, on_row, arg);
    return code;
}

static enum sql_result run(struct sql *base, const char *query,
                           const char *const *parameters, int count,
                           sql_row *on_row, void *arg, struct error *error)
{
    struct sqlite *sqlite = (struct sqlite *)base;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(sqlite->handle, query, -1, &statement, NULL);
    if (code == SQLITE_OK && bind(statement, parameters, count))
        code = step_all(statement, on_row, arg);
    bool is_taken =
        code == SQLITE_CONSTRAINT &&
        sqlite3_extended_errcode(sqlite->handle) == SQLITE_CONSTRAINT_UNIQUE;
    if (code != SQLITE_DONE)
        error_set(error, "%s", sqlite3_errmsg(sqlite->handle));
    sqlite3_finalize(statement);
    if (code == SQLITE_DONE)
        return SQL_DONE;
    return is_taken ? SQL_TAKEN : SQL_FAILED;
}

static void close_sqlite(struct sql *base)
{
    struct sqlite *sqlite = (struct sqlite *)base;
    sqlite3_close(sqlite->handle);
    free(sqlite);
}

static const struct sql_ops ops = {.run = run, .close = close_sqlite};

/* SQLite creates its other files with the mode of this one. */
static bool make_file(const char *path, struct error *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(error, "%s: %s", path, strerror(errno));
    close(fd);
    return true;
}

static bool set_up(struct sqlite *sqlite, uint32_t timeout_ms,
                   struct error *error)
{
    static const char *const settings[] = {
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        "PRAGMA trusted_schema = OFF",
    };
    sqlite3_busy_timeout(sqlite->handle, (int)timeout_ms);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (run(&sqlite->base, settings[i], NULL, 0, NULL, NULL, error) !=
            SQL_DONE)
            return false;
    return true;
}

struct sql *sql_sqlite_open(const char *path, uint32_t timeout_ms,
                            struct error *error)
{
    struct error why;
    if (!make_file(path, error))
        return NULL;
    struct sqlite *sqlite = memory_new(1, sizeof *sqlite);
    sqlite->base = (struct sql){.ops = &ops, .begin = "BEGIN IMMEDIATE"};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &sqlite->handle, flags, NULL) != SQLITE_OK)
        error_set(&why, "%s", sqlite3_errmsg(sqlite->handle));
    else if (set_up(sqlite, timeout_ms, &why))
        return &sqlite->base;
    error_set(error, "%.200s: %.200s", path, why.text);
    close_sqlite(&sqlite->base);
    return NULL;
}

#include "accounts/account_schema.h"

#include <stdio.h>
#include <stdlib.h>

/* Columns are read by index: see account_store.c. */
#define USER "id, email, name, password, is_active, generation, created_at"

const char *const account_queries[ACCOUNT_QUERIES] = {
    [QUERY_CREATE] = "INSERT INTO users (" USER ") "
                     "VALUES ($1, $2, $3, $4, 1, 1, $5)",
    [QUERY_BY_ID] = "SELECT " USER " FROM users WHERE id = $1",
    [QUERY_BY_EMAIL] = "SELECT " USER " FROM users WHERE email = $1",
    [QUERY_LIST] = "SELECT " USER " FROM users ORDER BY id "
                   "LIMIT $1 OFFSET $2",
    /* NULL: unchanged; deactivation revokes all tokens */
    [QUERY_UPDATE] = "UPDATE users SET name = COALESCE($2, name), "
                     "is_active = COALESCE(CAST($3 AS INTEGER), is_active), "
                     "generation = generation + "
                     "CASE CAST($3 AS INTEGER) WHEN 0 THEN 1 ELSE 0 END "
                     "WHERE id = $1 RETURNING " USER,
    [QUERY_SET_PASSWORD] = "UPDATE users SET password = $2, "
                           "generation = generation + 1 "
                           "WHERE id = $1 RETURNING " USER,
    [QUERY_REHASH] = "UPDATE users SET password = $2 "
                     "WHERE id = $1 AND password = $3",
    [QUERY_DELETE] = "DELETE FROM users WHERE id = $1 RETURNING " USER,
    /* no login if deactivated or password changed meanwhile */
    [QUERY_LOGIN_ADD] =
        "INSERT INTO logins "
        "(id, user_id, secret, generation, created_at, expires_at) "
        "SELECT $1, id, $3, generation, CAST($4 AS BIGINT), "
        "CAST($5 AS BIGINT) FROM users "
        "WHERE id = $2 AND is_active = 1 "
        "AND generation = CAST($6 AS INTEGER) RETURNING id",
    [QUERY_LOGIN_ROTATE] = "UPDATE logins SET secret = $3, expires_at = $4 "
                           "WHERE id = $1 AND secret = $2 "
                           "AND expires_at > $5 "
                           "RETURNING user_id, generation",
    [QUERY_LOGIN_END] = "DELETE FROM logins WHERE id = $1 "
                        "RETURNING expires_at",
    [QUERY_LOGINS_END] = "DELETE FROM logins WHERE user_id = $1",
    [QUERY_LOGINS_TRIM] = "DELETE FROM logins WHERE user_id = $1 AND id NOT IN "
                          "(SELECT id FROM logins WHERE user_id = $1 "
                          "ORDER BY created_at DESC LIMIT 50)",
    [QUERY_LOGINS_EXPIRE] = "DELETE FROM logins WHERE expires_at < $1",
};

/* Statements of one step, NULL-terminated. */
enum { STATEMENTS_MAX = 8 };

static const char *const steps[][STATEMENTS_MAX] = {
    {
        "CREATE TABLE users ("
        "id VARCHAR(36) PRIMARY KEY, "
        "email VARCHAR(254) NOT NULL UNIQUE, "
        "name VARCHAR(200) NOT NULL, "
        "password VARCHAR(200) NOT NULL, "
        "is_active INTEGER NOT NULL, "
        "generation INTEGER NOT NULL, "
        "created_at BIGINT NOT NULL)",
        "CREATE TABLE logins ("
        "id VARCHAR(36) PRIMARY KEY, "
        "user_id VARCHAR(36) NOT NULL "
        "REFERENCES users (id) ON DELETE CASCADE, "
        "secret VARCHAR(64) NOT NULL, "
        "generation INTEGER NOT NULL, "
        "created_at BIGINT NOT NULL, "
        "expires_at BIGINT NOT NULL)",
        "CREATE INDEX logins_by_user ON logins (user_id, created_at)",
        "CREATE INDEX logins_by_end ON logins (expires_at)",
    },
};

enum { STEPS = sizeof steps / sizeof *steps };

static bool ask(struct sql *sql, const char *query, sql_row *on_row, void *arg,
                struct error *error)
{
    return !query ||
           sql_run(sql, query, NULL, 0, on_row, arg, error) == SQL_DONE;
}

static void read_number(void *arg, const char *const *columns, int count)
{
    (void)count;
    *(int *)arg = columns[0] ? atoi(columns[0]) : 0;
}

static bool run_steps(struct sql *sql, int from, struct error *error)
{
    char note[80];
    for (int step = from; step < (int)STEPS; step++) {
        for (int i = 0; i < STATEMENTS_MAX && steps[step][i]; i++)
            if (!ask(sql, steps[step][i], NULL, NULL, error))
                return false;
        snprintf(note, sizeof note,
                 "INSERT INTO peal_schema (version) VALUES (%d)", step + 1);
        if (!ask(sql, note, NULL, NULL, error))
            return false;
    }
    return true;
}

static enum account_schema_result migrate(struct sql *sql, struct error *error)
{
    int version = 0;
    if (!ask(sql, sql->lock, NULL, NULL, error) ||
        !ask(sql,
             "CREATE TABLE IF NOT EXISTS peal_schema "
             "(version INTEGER PRIMARY KEY)",
             NULL, NULL, error) ||
        !ask(sql, "SELECT MAX(version) FROM peal_schema", read_number, &version,
             error))
        return SCHEMA_UNREACHABLE;
    if (version > (int)STEPS) {
        error_set(error,
                  "the schema has version %d, created by a later release of "
                  "Peal; this release supports up to %d",
                  version, (int)STEPS);
        return SCHEMA_NEWER;
    }
    return run_steps(sql, version, error) ? SCHEMA_READY : SCHEMA_UNREACHABLE;
}

enum account_schema_result account_schema_migrate(struct sql *sql,
                                                  struct error *error)
{
    struct error ignored;
    if (!ask(sql, sql->begin, NULL, NULL, error))
        return SCHEMA_UNREACHABLE;
    enum account_schema_result result = migrate(sql, error);
    if (result != SCHEMA_READY)
        ask(sql, "ROLLBACK", NULL, NULL, &ignored);
    else if (!ask(sql, "COMMIT", NULL, NULL, error))
        result = SCHEMA_UNREACHABLE;
    return result;
}

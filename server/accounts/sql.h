/* sql: the database interface of the store: SQL queries that both SQLite and
 * PostgreSQL understand, with parameters $1, $2, ... and results as texts.
 *
 * Owner:   its opener (sql_url.h), freed by sql_close. Parameters and rows are
 *          borrowed.
 * Thread:  one at a time.
 * Limits:  a query takes at most timeout_ms.
 * Failure: SQL_FAILED, with the reason in the error; the next query reconnects
 *          if necessary. SQL_TAKEN: a unique value already exists.
 */
#ifndef PEAL_ACCOUNTS_SQL_H
#define PEAL_ACCOUNTS_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum sql_result { SQL_DONE, SQL_TAKEN, SQL_FAILED };

enum { SQL_PARAMETERS_MAX = 8, SQL_COLUMNS_MAX = 8 };

/* Called with the columns of each row; NULL: SQL NULL. */
typedef void sql_row(void *arg, const char *const *columns, int count);

struct sql;

struct sql_ops {
    /* `parameters` end with the count; NULL: SQL's NULL. */
    enum sql_result (*run)(struct sql *sql, const char *query,
                           const char *const *parameters, int count,
                           sql_row *on_row, void *arg, struct error *error);
    void (*close)(struct sql *sql);
};

/* Embedded as the first member of each kind. */
struct sql {
    const struct sql_ops *ops;
    const char *begin; /* an exclusive transaction */
    const char *lock;  /* its first query, or NULL */
};

static inline enum sql_result sql_run(struct sql *sql, const char *query,
                                      const char *const *parameters, int count,
                                      sql_row *on_row, void *arg,
                                      struct error *error)
{
    return sql->ops->run(sql, query, parameters, count, on_row, arg, error);
}

/* NULL is ignored. */
static inline void sql_close(struct sql *sql)
{
    if (sql)
        sql->ops->close(sql);
}

#endif

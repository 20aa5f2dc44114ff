/* account_schema: the tables, as numbered migration steps, and the queries.
 *
 * Released steps never change; new steps are appended.
 *
 * Owner:   all of it is static.
 * Thread:  any; account_schema_migrate the connection's.
 * Limits:  none.
 * Failure: see account_schema_migrate.
 */
#ifndef PEAL_ACCOUNTS_ACCOUNT_SCHEMA_H
#define PEAL_ACCOUNTS_ACCOUNT_SCHEMA_H

#include "accounts/sql.h"

enum account_query {
    QUERY_CREATE,
    QUERY_BY_ID,
    QUERY_BY_EMAIL,
    QUERY_LIST,
    QUERY_UPDATE,
    QUERY_SET_PASSWORD,
    QUERY_REHASH,
    QUERY_DELETE,
    QUERY_LOGIN_ADD,
    QUERY_LOGIN_ROTATE,
    QUERY_LOGIN_END,
    QUERY_LOGINS_END,
    QUERY_LOGINS_TRIM,
    QUERY_LOGINS_EXPIRE,
    ACCOUNT_QUERIES
};

/* SQL that both kinds of database understand. */
extern const char *const account_queries[ACCOUNT_QUERIES];

enum account_schema_result {
    SCHEMA_READY,
    SCHEMA_UNREACHABLE, /* the database does not respond; try again */
    SCHEMA_NEWER        /* created by a later release: not usable */
};

/* Migrates the tables to the current version, under a lock shared by all
 * instances. */
enum account_schema_result account_schema_migrate(struct sql *sql,
                                                  struct error *error);

#endif

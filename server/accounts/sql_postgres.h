/* sql_postgres: accounts in PostgreSQL (libpq), for several instances.
 *
 * libpq is used without blocking, so that an answer which does not come, and a
 * server that vanished, cost accounts.timeout_ms and no more.
 *
 * Owner:   see sql.h.
 * Thread:  one for each connection.
 * Limits:  see sql.h.
 * Failure: see sql.h. A connection that fails is made anew with the next
 *          question; a question is asked twice only where the connection
 *          turned out to be lost before.
 */
#ifndef PEAL_ACCOUNTS_SQL_POSTGRES_H
#define PEAL_ACCOUNTS_SQL_POSTGRES_H

#include "accounts/sql.h"

/* Does not connect yet. */
struct sql *sql_postgres_open(const char *url, uint32_t timeout_ms,
                              struct error *error);

#endif

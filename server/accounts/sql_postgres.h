/* sql_postgres: accounts in PostgreSQL (libpq), for several instances.
 *
 * libpq is used in non-blocking mode, so that a missing response or a vanished
 * server costs at most accounts.timeout_ms.
 *
 * Owner:   see sql.h.
 * Thread:  one per connection.
 * Limits:  see sql.h.
 * Failure: see sql.h. After a failure, the next query reconnects. A query is
 *          repeated only if the connection was already lost before it was sent.
 */
#ifndef PEAL_ACCOUNTS_SQL_POSTGRES_H
#define PEAL_ACCOUNTS_SQL_POSTGRES_H

#include "accounts/sql.h"

/* Does not connect yet: the first query does. */
struct sql *sql_postgres_open(const char *url, uint32_t timeout_ms,
                              struct error *error);

#endif

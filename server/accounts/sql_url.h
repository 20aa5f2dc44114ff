/* sql_url: opens the database of a URL.
 *
 * Owner:   the caller.
 * Thread:  any.
 * Limits:  see sql.h.
 * Failure: NULL, and why.
 */
#ifndef PEAL_ACCOUNTS_SQL_URL_H
#define PEAL_ACCOUNTS_SQL_URL_H

#include "accounts/sql.h"

/* As in the config. */
#define SQL_URL_FORM                                                           \
    "sqlite:///path/to/accounts.db or postgresql://user@host/database"

bool sql_url_is_valid(const char *url);

/* The path of a SQLite URL, else NULL. */
const char *sql_url_path(const char *url);

/* Opens the file; a connection to a server is made with the first query. The
 * URL must be valid. */
struct sql *sql_url_open(const char *url, uint32_t timeout_ms,
                         struct error *error);

#endif

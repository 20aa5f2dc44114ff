/* sql_sqlite: accounts in one file (libsqlite3).
 *
 * The file is created with mode 0600. Its write-ahead log is synced with each
 * change, so that acknowledged changes survive a power loss.
 *
 * Owner:   see sql.h.
 * Thread:  one; other threads and processes open the file themselves.
 * Limits:  waits up to timeout_ms for another writer.
 * Failure: see sql.h.
 */
#ifndef PEAL_ACCOUNTS_SQL_SQLITE_H
#define PEAL_ACCOUNTS_SQL_SQLITE_H

#include "accounts/sql.h"

struct sql *sql_sqlite_open(const char *path, uint32_t timeout_ms,
                            struct error *error);

#endif

/* sql_sqlite: accounts in one file (libsqlite3).
 *
 * The file is made with mode 0600. It has a write-ahead log that is synced
 * with each change, so that what was acknowledged survives a power loss.
 *
 * Owner:   see sql.h.
 * Thread:  one; other threads and processes open the file again.
 * Limits:  another writer is waited for timeout_ms.
 * Failure: see sql.h.
 */
#ifndef PEAL_ACCOUNTS_SQL_SQLITE_H
#define PEAL_ACCOUNTS_SQL_SQLITE_H

#include "accounts/sql.h"

struct sql *sql_sqlite_open(const char *path, uint32_t timeout_ms,
                            struct error *error);

#endif

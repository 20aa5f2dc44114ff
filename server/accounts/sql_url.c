#include "accounts/sql_url.h"

#include <string.h>

#include "accounts/sql_postgres.h"
#include "accounts/sql_sqlite.h"
#include "base/bytes.h"
#include "base/memory.h"

static const struct bytes sqlite = BYTES_LITERAL("sqlite:///");
static const struct bytes postgres = BYTES_LITERAL("postgresql://");

/* Including the leading slash. */
const char *sql_url_path(const char *url)
{
    return bytes_start_with(bytes_of(url), sqlite) ? url + sqlite.len - 1
                                                   : NULL;
}

bool sql_url_is_valid(const char *url)
{
    const char *path = sql_url_path(url);
    return path ? path[1] != '\0' : bytes_start_with(bytes_of(url), postgres);
}

struct sql *sql_url_open(const char *url, uint32_t timeout_ms,
                         struct error *error)
{
    const char *path = sql_url_path(url);
    PANIC_IF(!sql_url_is_valid(url));
    return path ? sql_sqlite_open(path, timeout_ms, error)
                : sql_postgres_open(url, timeout_ms, error);
}

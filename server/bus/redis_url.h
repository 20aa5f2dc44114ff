/* redis_url: where Redis is, read from a URL.
 *
 * Owner:   the struct owns its texts.
 * Thread:  any.
 * Limits:  none.
 * Failure: redis_url_parse tells what is wrong, without the password.
 */
#ifndef PEAL_BUS_REDIS_URL_H
#define PEAL_BUS_REDIS_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct redis_url {
    char *host; /* or NULL with a path */
    uint16_t port;
    char *path; /* of a Unix socket, or NULL */
    char *user; /* or NULL */
    char *password; /* or NULL */
    uint32_t database;
    bool has_tls;
};

/* redis://[user:password@]host[:port][/database], the same with rediss://, or
 * unix:///path. */
bool redis_url_parse(const char *text, struct redis_url *url,
                     struct error *error);

void redis_url_deinit(struct redis_url *url);

#endif

/* resolver: resolves a host name without blocking: a separate thread queries
 * DNS, and the caller polls for the result.
 *
 * Owner:   the caller; resolver_free may come before the result.
 * Thread:  one at a time.
 * Limits:  RESOLVER_ADDRESSES addresses.
 * Failure: RESOLVER_FAILED, and the reason.
 */
#ifndef PEAL_BASE_RESOLVER_H
#define PEAL_BASE_RESOLVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { RESOLVER_ADDRESSES = 8 };

enum resolver_state { RESOLVER_WORKING, RESOLVER_DONE, RESOLVER_FAILED };

struct resolver_address {
    struct sockaddr_storage address;
    socklen_t len;
};

struct resolver_result {
    struct resolver_address items[RESOLVER_ADDRESSES]; /* IPv4 first */
    size_t count;
    const char *why; /* the reason of a failure; static */
};

struct resolver;

/* A numeric address is resolved immediately. */
struct resolver *resolver_new(const char *host, uint16_t port);

/* Fills in the result when available. */
enum resolver_state resolver_poll(const struct resolver *resolver,
                                  struct resolver_result *result);

/* NULL is ignored. */
void resolver_free(struct resolver *resolver);

#endif

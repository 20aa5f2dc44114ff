/* resolver: the addresses of a host, without waiting for DNS: a thread of its
 * own asks, and the result is looked for now and then.
 *
 * Owner:   the caller; resolver_free may come before the result.
 * Thread:  one at a time.
 * Limits:  RESOLVER_ADDRESSES of them.
 * Failure: RESOLVER_FAILED, and why.
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
    const char *why; /* it failed; static */
};

struct resolver;

/* An address in digits is done at once. */
struct resolver *resolver_new(const char *host, uint16_t port);

/* The result is filled in when it is there. */
enum resolver_state resolver_poll(const struct resolver *resolver,
                                  struct resolver_result *result);

/* NULL is ignored. */
void resolver_free(struct resolver *resolver);

#endif

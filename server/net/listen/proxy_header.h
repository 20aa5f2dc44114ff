/* proxy_header: the PROXY protocol's header, versions 1 and 2, which a proxy
 * puts before a connection's first byte to say who is really there
 * (HAProxy's doc/proxy-protocol.txt).
 *
 * Owner:   nothing is kept.
 * Thread:  any.
 * Limits:  PROXY_HEADER_MAX bytes; more extensions than fit are refused.
 * Failure: PROXY_HEADER_BAD.
 */
#ifndef PEAL_NET_PROXY_HEADER_H
#define PEAL_NET_PROXY_HEADER_H

#include "base/ip_address.h"

enum { PROXY_HEADER_MAX = 4096 };

enum proxy_header_state {
    PROXY_HEADER_GOOD,
    PROXY_HEADER_PARTIAL, /* all bytes are of it, and more are to come */
    PROXY_HEADER_BAD
};

struct proxy_header {
    size_t len;       /* of the header; what follows is the client's */
    bool has_address; /* else the proxy speaks for itself */
    struct ip_address address;
};

/* Reads the header that `data` begins with. */
enum proxy_header_state proxy_header_read(struct bytes data,
                                          struct proxy_header *out);

#endif

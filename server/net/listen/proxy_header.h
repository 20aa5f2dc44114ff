/* proxy_header: parses the PROXY protocol's header, versions 1 and 2, with
 * which a proxy reports the client's address (HAProxy's
 * doc/proxy-protocol.txt).
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
    PROXY_HEADER_PARTIAL, /* incomplete header */
    PROXY_HEADER_BAD
};

struct proxy_header {
    size_t len;       /* length of the header; the client's data follows */
    bool has_address; /* else the connection is the proxy's own */
    struct ip_address address;
};

/* Reads the header at the start of `data`. */
enum proxy_header_state proxy_header_read(struct bytes data,
                                          struct proxy_header *out);

#endif

/* shared: state shared by all reactors of an instance: options, counters, auth
 * and API.
 *
 * Owner:   net.c; auth, api and instance are borrowed and outlive it.
 * Thread:  set before the threads start, or atomic, as each field says.
 * Limits:  set by the options.
 * Failure: none.
 */
#ifndef PEAL_NET_SHARED_H
#define PEAL_NET_SHARED_H

#include <stdatomic.h>

#include "api/api.h"
#include "auth/auth.h"
#include "messaging/worker.h"
#include "net/listen/descriptors.h"
#include "net/listen/ip_counts.h"
#include "net/listen/listen_socket.h"
#include "net/peer/trusted_proxies.h"

struct tls;

/* Separate listeners for administration. */
struct admin_options {
    char *host; /* NULL: no TCP listener */
    uint32_t port;
    char *socket; /* path of a Unix socket, or NULL */
};

struct net_options {
    const char *host;
    uint32_t port;                     /* 0: a free one is picked */
    const struct admin_options *admin; /* borrowed */
    uint32_t workers;
    uint32_t drain_seconds;
    bool io_uring; /* if the kernel allows it */
    bool explain_refusals;
    const char *default_channel;
    struct tls *tls;              /* NULL: plain; borrowed */
    enum api_dashboard dashboard; /* who may see the dashboard */
    bool proxy_protocol;          /* each socket begins with a PROXY header */
    struct text_list trusted_proxies; /* borrowed, for net_new only */
    enum forwarded_header forwarded_header;
    /* used instead of binding sockets of their kind, by listen_socket_take;
     * borrowed */
    const struct listen_socket *handed;
    uint32_t handed_count;
};

enum { ADMIN_SOCKETS_MAX = 256 }; /* more are guests: see guests.h */

struct reactor;

/* Shared by all reactors. */
struct net {
    /* set once before threads start */
    struct net_options options;
    const struct instance *instance;
    struct api *api;
    struct tls *tls;                         /* NULL: plain */
    const struct protocol *const *protocols; /* ended by NULL */
    struct reactor **reactors;
    uint32_t ports[LISTENER_KINDS]; /* the bound addresses */
    bool has_admin;                 /* paths missing at the public listener */
    uint32_t sockets_max;           /* more are guests: see guests.h */
    struct ip_counts *ip_counts;
    /* any thread */
    const struct auth *_Atomic auth; /* see net_use_auth */
    const struct trusted_proxies *_Atomic trusted_proxies;
    struct descriptors descriptors;
    _Atomic uint32_t sockets; /* of clients */
    _Atomic uint32_t admin_sockets;
    _Atomic uint32_t connections; /* WebSockets, those opening included */
    _Atomic uint32_t running;     /* reactors whose thread has not ended */
    _Atomic bool is_leaving;      /* will drain soon, and is no longer ready */
    _Atomic bool is_draining;
    _Atomic bool has_successor; /* another process shares the listeners */
};

#endif

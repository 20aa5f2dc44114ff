/* shared: what all reactors of an instance share: options, counts, and what is
 * judged and served by.
 *
 * Owner:   net.c; auth, api and instance are borrowed and outlive it.
 * Thread:  set before the threads start, or atomic, as each field says.
 * Limits:  as the options say.
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

/* Listeners for administration alone. */
struct admin_options {
    char *host; /* NULL: none on a port */
    uint32_t port;
    char *socket; /* path of a Unix socket, or NULL */
};

struct net_options {
    const char *host;
    uint32_t port;                     /* 0: a free one is picked */
    const struct admin_options *admin; /* borrowed */
    uint32_t workers;
    uint32_t drain_seconds;
    bool io_uring; /* where the kernel allows it */
    bool explain_refusals;
    const char *default_channel;
    struct tls *tls;              /* NULL: plain; borrowed */
    enum api_dashboard dashboard; /* who may see it */
    bool proxy_protocol;          /* each socket begins with a PROXY header */
    struct text_list trusted_proxies; /* borrowed, for net_new only */
    enum forwarded_header forwarded_header;
    /* in place of what would be bound of their kind, by listen_socket_take;
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
    uint32_t ports[LISTENER_KINDS]; /* those really bound */
    bool has_admin;                 /* which the public listener then lacks */
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
    _Atomic bool is_leaving; /* will drain soon, and is not ready any more */
    _Atomic bool is_draining;
    _Atomic bool has_successor; /* another process has the listeners too */
};

#endif

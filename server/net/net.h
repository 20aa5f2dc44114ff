/* net: the instance's front: a reactor for each worker, all on one port.
 *
 * Owner:   the server; auth, api and instance are borrowed and outlive it.
 * Thread:  the main thread, except where said otherwise.
 * Limits:  struct net_options and the messaging limits.
 * Failure: net_new says why the port cannot be had.
 */
#ifndef PEAL_NET_NET_H
#define PEAL_NET_NET_H

#include <stdatomic.h>

#include "api/api.h"
#include "auth/auth.h"
#include "base/error.h"
#include "messaging/worker.h"
#include "net/ip_counts.h"
#include "net/trusted_proxies.h"

struct tls;

struct net_options {
    const char *host;
    uint32_t port; /* 0: a free one is picked */
    uint32_t workers;
    uint32_t rx_buffer_bytes; /* what each idle connection costs, nearly */
    uint32_t drain_seconds;
    bool io_uring; /* where the kernel allows it */
    bool explain_refusals;
    const char *default_channel;
    struct tls *tls; /* NULL: plain; borrowed */
    enum api_dashboard dashboard; /* who may see it */
    bool proxy_protocol; /* each socket begins with a PROXY header */
    struct text_list trusted_proxies; /* borrowed, for net_new only */
    enum forwarded_header forwarded_header;
    /* listening descriptors with consecutive numbers, in place of host and
     * port; listen_socket_take has taken them */
    int listeners_from;
    uint32_t listener_count; /* 0: none */
};

struct reactor;

/* Shared by all reactors. */
struct net {
    /* set once before threads start */
    struct net_options options;
    const struct instance *instance;
    struct api *api;
    struct tls *tls; /* NULL: plain */
    const struct protocol *const *protocols; /* ended by NULL */
    struct reactor **reactors;
    uint32_t port; /* the one really bound */
    uint32_t sockets_max; /* beyond it even HTTP is answered 503 */
    struct ip_counts *ip_counts;
    /* any thread */
    const struct auth *_Atomic auth; /* see net_use_auth */
    const struct trusted_proxies *_Atomic trusted_proxies;
    _Atomic uint32_t sockets;
    _Atomic uint32_t connections; /* WebSockets, those opening included */
    _Atomic uint32_t running;     /* reactors whose thread has not ended */
    _Atomic bool is_draining;
    _Atomic bool has_successor; /* another process has the listeners too */
};

/* Listens with every reactor. NULL and why on failure. */
struct net *net_new(const struct net_options *options,
                    const struct instance *instance, const struct auth *auth,
                    const struct protocol *const *protocols,
                    struct error *error);

/* Starts the threads; `api` answers plain HTTP from here on. */
void net_start(struct net *net, struct api *api);

/* Has handshakes judged by `auth` from now on; takes the one before, which is
 * freed once no thread can be looking at it. */
void net_use_auth(struct net *net, struct auth *auth);

/* The same for those whose word about addresses counts. */
void net_use_trusted_proxies(struct net *net, const struct text_list *ranges,
                             enum forwarded_header header);

/* Closes the listeners and then, over drain_seconds, every connection; each
 * reactor ends by itself. */
void net_drain(struct net *net);

/* The descriptors it listens with, for a successor: an owned list of numbers
 * that stay its own. Before it drains. */
int *net_listeners(const struct net *net, uint32_t *count);

/* The same while a successor accepts: who was accepted here before is served,
 * and closed with the rest. */
void net_hand_over(struct net *net);

/* Ends every reactor at once, without a word to the clients. */
void net_stop(struct net *net);

/* Whether every reactor has ended. */
bool net_is_over(const struct net *net);

/* How long ago the thread ticked that did so least lately; they do each second.
 */
uint64_t net_silence_ms(const struct net *net);

/* Waits for the threads. What others still post waits for net_free. */
void net_join(struct net *net);

/* Runs what was posted and frees everything; after net_join, and after the bus
 * has stopped: until then it may wake the loops. */
void net_free(struct net *net);

/* The sum over all workers. Any thread. */
uint64_t net_metric(const struct net *net, enum metric metric);

/* Prometheus' text format over all workers and `more` threads, NET_METRICS_MORE
 * at most; those that are NULL are left out. Any thread. */
enum { NET_METRICS_MORE = 4 };
void net_write_metrics(const struct net *net,
                       const struct metrics *const *more, size_t more_count,
                       struct buffer *out);

#endif

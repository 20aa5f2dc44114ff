/* net: the instance's front: a reactor for each worker, all on one port.
 *
 * Owner:   the server; auth, api and instance are borrowed and outlive it.
 * Thread:  the main thread, except where said otherwise.
 * Limits:  struct net_options and the messaging limits.
 * Failure: net_new says why the port cannot be had.
 */
#ifndef PEAL_NET_NET_H
#define PEAL_NET_NET_H

#include "base/error.h"
#include "net/shared.h"

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

/* Closes the listeners of clients and then, over drain_seconds, every
 * connection; each reactor ends by itself. */
void net_drain(struct net *net);

/* Whether there is room for new clients; if not, why. From any thread. */
bool net_has_room(const struct net *net, const char **why);

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
void net_write_metrics(const struct net *net, const struct metrics *const *more,
                       size_t more_count, struct buffer *out);

#endif

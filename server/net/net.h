/* net: the network side of an instance: one reactor per worker, all on one
 * port.
 *
 * Owner:   the server; auth, api and instance are borrowed and outlive it.
 * Thread:  the main thread, except where said otherwise.
 * Limits:  struct net_options and the messaging limits.
 * Failure: net_new reports why the port cannot be used.
 */
#ifndef PEAL_NET_NET_H
#define PEAL_NET_NET_H

#include "base/error.h"
#include "net/shared.h"

/* Listens with every reactor. NULL and the reason on failure. */
struct net *net_new(const struct net_options *options,
                    const struct instance *instance, const struct auth *auth,
                    const struct protocol *const *protocols,
                    struct error *error);

/* Starts the threads; `api` answers plain HTTP from now on. */
void net_start(struct net *net, struct api *api);

/* Uses `auth` for handshakes from now on; frees the previous one once no thread
 * can be using it. */
void net_use_auth(struct net *net, struct auth *auth);

/* The same for trusted proxies. */
void net_use_trusted_proxies(struct net *net, const struct text_list *ranges,
                             enum forwarded_header header);

/* Closes the client listeners and then, over drain_seconds, every connection;
 * each reactor ends by itself. */
void net_drain(struct net *net);

/* Whether there is room for new clients; if not, the reason. Any thread. */
bool net_has_room(const struct net *net, const char **why);

/* The same while a successor accepts: sockets accepted here before are served,
 * and closed with the rest. */
void net_hand_over(struct net *net);

/* Ends every reactor immediately, without notifying clients. */
void net_stop(struct net *net);

/* Whether every reactor has ended. */
bool net_is_over(const struct net *net);

/* The longest time since the last tick of a thread; threads tick every second.
 */
uint64_t net_silence_ms(const struct net *net);

/* Waits for the threads. Later posts are handled by net_free. */
void net_join(struct net *net);

/* Runs posted work and frees everything. Call after net_join, and after the bus
 * has stopped, because until then it may wake the loops. */
void net_free(struct net *net);

/* The sum over all workers. Any thread. */
uint64_t net_metric(const struct net *net, enum metric metric);

/* Prometheus' text format for all workers and at most NET_METRICS_MORE `more`
 * threads; NULL entries are skipped. Any thread. */
enum { NET_METRICS_MORE = 4 };
void net_write_metrics(const struct net *net, const struct metrics *const *more,
                       size_t more_count, struct buffer *out);

#endif

/* liveness: pings, and the ends that a clock brings: lost connections, expired
 * tokens, connections that reached their greatest age.
 *
 * Owner:   nothing; connections are the worker's.
 * Thread:  the worker's own.
 * Limits:  each connection is visited once in ping_seconds.
 * Failure: none; a connection is closed with the reason.
 */
#ifndef PEAL_MESSAGING_LIVENESS_H
#define PEAL_MESSAGING_LIVENESS_H

struct connection;
struct worker;

/* Once a second, after worker->seconds was counted up. */
void liveness_tick(struct worker *worker);

/* Watches the end of the connection's token if it is near. */
void liveness_watch_expiry(struct worker *worker,
                           struct connection *connection);

#endif

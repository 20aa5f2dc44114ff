/* liveness: pings, and closing by time: lost connections, expired tokens,
 * connections that reached their maximum age.
 *
 * Owner:   nothing; the worker owns connections.
 * Thread:  the worker's own.
 * Limits:  each connection is visited once in ping_seconds.
 * Failure: none; a connection is closed with the reason.
 */
#ifndef PEAL_MESSAGING_LIVENESS_H
#define PEAL_MESSAGING_LIVENESS_H

struct connection;
struct worker;

/* Call once a second, after worker->seconds was incremented. */
void liveness_tick(struct worker *worker);

/* Watches the expiry of the connection's token if it is near. */
void liveness_watch_expiry(struct worker *worker,
                           struct connection *connection);

#endif

/* acked: how much of what was written to a TCP socket its peer has received.
 *
 * Owner:   nothing.
 * Thread:  the reactor's.
 * Limits:  none.
 * Failure: a socket that cannot be asked has nothing under way.
 */
#ifndef PEAL_NET_ACKED_H
#define PEAL_NET_ACKED_H

#include "messaging/connection.h"

/* A `transport.acked`: silent is who sent nothing for pong_seconds. */
enum acked acked_by_peer(const struct connection *connection, uint64_t *bytes);

/* Of a socket that made no progress for `age_ms`, whether its peer may have
 * taken something by now and could not say so. While a window is shut the
 * kernel asks again at twice the time each, and the answer before was given
 * less than `stalled_ms` after the progress. So none waits for more than twice
 * as long; one that does not answer is not waited for. */
bool acked_is_due(int fd, uint64_t age_ms, uint64_t stalled_ms);

#endif

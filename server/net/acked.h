/* acked: how much of the data written to a TCP socket its peer has
 * acknowledged.
 *
 * Owner:   nothing.
 * Thread:  the reactor's.
 * Limits:  none.
 * Failure: a socket that cannot be queried counts as fully acknowledged.
 */
#ifndef PEAL_NET_ACKED_H
#define PEAL_NET_ACKED_H

#include "messaging/connection.h"

/* For `transport.acked`; silent: the peer sent nothing for pong_seconds. */
enum acked acked_by_peer(const struct connection *connection, uint64_t *bytes);

/* Whether the peer of a socket without progress for `age_ms` may have read data
 * that the kernel has not learned of. While a window is closed, the kernel
 * probes it at doubling intervals, and the previous probe was answered less
 * than `stalled_ms` after the last progress. So no socket waits for more than
 * twice as long; unresponsive peers are not waited for. */
bool acked_is_due(int fd, uint64_t age_ms, uint64_t stalled_ms);

#endif

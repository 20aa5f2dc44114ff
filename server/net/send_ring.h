/* send_ring: many sends in one system call, using io_uring if the kernel allows
 * it (Linux 6.0 and later; containers often forbid it).
 *
 * Most of a server's work is sending to each of a channel's subscribers;
 * entering and leaving the kernel is about a sixth of that.
 *
 * Owner:   the reactor.
 * Thread:  the creating thread; send_ring_free there, or after it has ended.
 * Limits:  SEND_RING_SENDS gathered sends and SEND_RING_COPY_MAX copied bytes;
 *          a further send flushes them.
 * Failure: send_ring_new returns NULL and sets errno; each send reports its
 *          result.
 */
#ifndef PEAL_NET_SEND_RING_H
#define PEAL_NET_SEND_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

enum { SEND_RING_SENDS = 64, SEND_RING_COPY_MAX = 1 << 18 };

struct send_ring;
struct socket;

/* The result of a send: the number of bytes taken by the kernel, or a negative
 * errno; -EAGAIN if it took none. */
typedef void send_ring_done(struct socket *socket, struct bytes bytes,
                            int sent);

struct send_ring *send_ring_new(send_ring_done *done);

/* NULL is ignored. No sends may be gathered. */
void send_ring_free(struct send_ring *ring);

/* Gathers a send. `bytes` must not change until send_ring_send. There must be
 * no earlier send to the socket, unless its bytes directly precede these in
 * memory: the two are merged. */
void send_ring_add(struct send_ring *ring, struct socket *socket, int fd,
                   struct bytes bytes);

/* Makes room for a copy of that many bytes, at most SEND_RING_COPY_MAX; flushes
 * gathered sends if necessary. */
void send_ring_make_room(struct send_ring *ring, size_t len);

/* Like send_ring_add, with a copy of the bytes, for which there must be room.
 */
void send_ring_copy(struct send_ring *ring, struct socket *socket, int fd,
                    struct bytes bytes);

/* Sends everything gathered; calls `done` for each send before returning. */
void send_ring_send(struct send_ring *ring);

#endif

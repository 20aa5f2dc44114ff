/* send_ring: many sends in one system call, by io_uring, where the kernel
 * allows it (Linux 6.0 and later; containers often forbid it).
 *
 * A send to each of a channel's subscribers is most of what a server does: the
 * way into the kernel and back is about a sixth of it.
 *
 * Owner:   the reactor.
 * Thread:  the one that made it; send_ring_free when that has ended, or there.
 * Limits:  SEND_RING_SENDS gathered at a time, and SEND_RING_COPY_MAX bytes
 *          copied; a further one sends them all.
 * Failure: send_ring_new returns NULL and leaves errno; each send tells what
 *          became of it.
 */
#ifndef PEAL_NET_SEND_RING_H
#define PEAL_NET_SEND_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

enum { SEND_RING_SENDS = 64, SEND_RING_COPY_MAX = 1 << 18 };

struct send_ring;
struct socket;

/* What became of a send: how many bytes the kernel took, or a negative errno;
 * -EAGAIN when it took none for now. */
typedef void send_ring_done(struct socket *socket, struct bytes bytes,
                            int sent);

struct send_ring *send_ring_new(send_ring_done *done);

/* NULL is ignored. Nothing may be gathered. */
void send_ring_free(struct send_ring *ring);

/* Gathers a send. `bytes` must stay as they are until send_ring_send. There
 * must be no other send to that socket before it, except of what stands right
 * behind: the two become one. */
void send_ring_add(struct send_ring *ring, struct socket *socket, int fd,
                   struct bytes bytes);

/* Makes room for a copy of so many bytes, SEND_RING_COPY_MAX at most: sends
 * what was gathered if need be. */
void send_ring_make_room(struct send_ring *ring, size_t len);

/* The same as send_ring_add with a copy of the bytes, for which there is room.
 */
void send_ring_copy(struct send_ring *ring, struct socket *socket, int fd,
                    struct bytes bytes);

/* Sends what was gathered; `done` is called for each before it returns. */
void send_ring_send(struct send_ring *ring);

#endif

#include "net/send_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <liburing.h>

#include "base/memory.h"

enum {
    WORTH_IT = 4, /* fewer are sent individually */
    /* MSG_DONTWAIT makes each complete within the call */
    SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL
};

struct gathered {
    struct socket *socket;
    int fd;
    struct bytes bytes;
};

struct send_ring {
    struct io_uring uring;
    send_ring_done *done;
    unsigned count;
    struct gathered gathered[SEND_RING_SENDS];
    size_t copied;
    char copies[SEND_RING_COPY_MAX];
};

struct send_ring *send_ring_new(send_ring_done *done)
{
    struct send_ring *ring = memory_new(1, sizeof *ring);
    /* one thread, and completions only when it asks for them */
    struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER |
                                              IORING_SETUP_DEFER_TASKRUN};
    int result =
        io_uring_queue_init_params(SEND_RING_SENDS, &ring->uring, &params);
    if (result < 0) {
        free(ring);
        errno = -result;
        return NULL;
    }
    ring->done = done;
    return ring;
}

void send_ring_free(struct send_ring *ring)
{
    if (!ring)
        return;
    PANIC_IF(ring->count);
    io_uring_queue_exit(&ring->uring);
    free(ring);
}

/* Two sends to one socket could overtake each other. */
static bool joins_last(struct send_ring *ring, const struct socket *socket,
                       struct bytes bytes)
{
    if (!ring->count)
        return false;
    struct gathered *last = &ring->gathered[ring->count - 1];
    if (last->socket != socket ||
        last->bytes.data + last->bytes.len != bytes.data)
        return false;
    last->bytes.len += bytes.len;
    return true;
}

void send_ring_add(struct send_ring *ring, struct socket *socket, int fd,
                   struct bytes bytes)
{
    if (joins_last(ring, socket, bytes))
        return;
    if (ring->count == SEND_RING_SENDS)
        send_ring_send(ring);
    ring->gathered[ring->count++] = (struct gathered){socket, fd, bytes};
}

void send_ring_make_room(struct send_ring *ring, size_t len)
{
    PANIC_IF(len > sizeof ring->copies);
    if (ring->count == SEND_RING_SENDS ||
        ring->copied + len > sizeof ring->copies)
        send_ring_send(ring);
    if (!ring->count)
        ring->copied = 0;
}

void send_ring_copy(struct send_ring *ring, struct socket *socket, int fd,
                    struct bytes bytes)
{
    char *copy = ring->copies + ring->copied;
    memcpy(copy, bytes.data, bytes.len);
    ring->copied += bytes.len;
    send_ring_add(ring, socket, fd, (struct bytes){copy, bytes.len});
}

static void send_one(struct send_ring *ring, const struct gathered *gathered)
{
    ssize_t sent = send(gathered->fd, gathered->bytes.data, gathered->bytes.len,
                        SEND_FLAGS);
    ring->done(gathered->socket, gathered->bytes,
               sent < 0 ? -errno : (int)sent);
}

static void enter(struct send_ring *ring, struct gathered *gathered)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);
    io_uring_prep_send(entry, gathered->fd, gathered->bytes.data,
                       gathered->bytes.len, SEND_FLAGS);
    io_uring_sqe_set_data(entry, gathered);
}

/* Returns the number of completions. */
static unsigned take_completions(struct send_ring *ring)
{
    struct io_uring_cqe *completion;
    unsigned taken = 0;
    while (io_uring_peek_cqe(&ring->uring, &completion) == 0) {
        const struct gathered *gathered = io_uring_cqe_get_data(completion);
        int sent = completion->res;
        io_uring_cqe_seen(&ring->uring, completion);
        ring->done(gathered->socket, gathered->bytes, sent);
        taken++;
    }
    return taken;
}

static void send_together(struct send_ring *ring)
{
    for (unsigned i = 0; i < ring->count; i++)
        enter(ring, &ring->gathered[i]);
    for (unsigned left = ring->count; left;) {
        int result = io_uring_submit_and_wait(&ring->uring, left);
        PANIC_IF(result < 0 && result != -EINTR && result != -EAGAIN &&
                 result != -EBUSY);
        left -= take_completions(ring);
    }
}

void send_ring_send(struct send_ring *ring)
{
    if (ring->count >= WORTH_IT)
        send_together(ring);
    else
        for (unsigned i = 0; i < ring->count; i++)
            send_one(ring, &ring->gathered[i]);
    ring->count = 0;
}

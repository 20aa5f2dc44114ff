#include "net/unsent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"

struct unsent_bytes {
    size_t capacity;
    size_t len;
    size_t at; /* sent up to here */
    char data[];
};

size_t unsent_len(const struct unsent *unsent)
{
    return unsent->bytes ? unsent->bytes->len - unsent->bytes->at : 0;
}

ssize_t unsent_try(int fd, struct bytes bytes)
{
    ssize_t sent = send(fd, bytes.data, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    return sent;
}

/* Room for a ping and a close frame after it. */
enum { CONTROL_FRAMES = 256 };

/* Doubles the capacity the second time: a long write over TLS arrives record by
 * record. */
static void grow(struct unsent *unsent, size_t more)
{
    struct unsent_bytes *old = unsent->bytes;
    size_t len = old ? old->len : 0;
    if (old && old->capacity - len >= more)
        return;
    size_t capacity = len + more + (old ? len : CONTROL_FRAMES);
    unsent->bytes = memory_resize(old, 1, sizeof *old + capacity);
    unsent->bytes->capacity = capacity;
    if (!old)
        unsent->bytes->len = unsent->bytes->at = 0;
}

void unsent_keep(struct unsent *unsent, struct bytes bytes)
{
    grow(unsent, bytes.len);
    struct unsent_bytes *waiting = unsent->bytes;
    memcpy(waiting->data + waiting->len, bytes.data, bytes.len);
    waiting->len += bytes.len;
}

bool unsent_send(struct unsent *unsent, int fd, struct bytes bytes)
{
    ssize_t sent = unsent->bytes ? 0 : unsent_try(fd, bytes);
    if (sent >= 0 && (size_t)sent < bytes.len)
        unsent_keep(unsent, bytes_skip(bytes, (size_t)sent));
    return sent >= 0;
}

bool unsent_flush(struct unsent *unsent, int fd)
{
    struct unsent_bytes *waiting = unsent->bytes;
    if (!waiting)
        return true;
    ssize_t sent = unsent_try(fd, (struct bytes){waiting->data + waiting->at,
                                                 waiting->len - waiting->at});
    if (sent > 0)
        waiting->at += (size_t)sent;
    if (waiting->at == waiting->len)
        unsent_deinit(unsent);
    return sent >= 0;
}

void unsent_deinit(struct unsent *unsent)
{
    free(unsent->bytes);
    unsent->bytes = NULL;
}

/* input: what libwebsockets reads from a socket, seen before it is.
 *
 * Requests go through head_check, and are given to it one at a time, so that
 * the frames behind an upgrade are read as frames; frames go through
 * frame_check; pings are answered here, each of them. Where nothing may be
 * read any more, it is told that nothing came.
 *
 * Owner:   the socket.
 * Thread:  the reactor's.
 * Limits:  what is held back was read at once: one read of libwebsockets'.
 * Failure: input_take_broken tells, and nothing is read any more.
 */
#ifndef PEAL_NET_INPUT_H
#define PEAL_NET_INPUT_H

#include <sys/types.h>

#include <libwebsockets.h>

#include "net/frame_check.h"
#include "net/head_check.h"

struct held;
struct reactor;
struct socket;

struct input {
    struct held *held; /* bytes on their way, or NULL */
    bool is_cut;     /* held bytes wait for more behind them */
    bool is_frames;  /* the upgrade has been */
    bool is_listed;  /* in the reactor's list of those that hold bytes */
    bool is_closing; /* only a close frame, or the end, is waited for */
    struct frame_check check;
    struct head_check *head; /* before the upgrade, once something came */
};

/* Room for what does not fit into libwebsockets' own, small buffer. */
struct surplus {
    char *data;
    size_t size;
    size_t len;
};

/* Where a socket's bytes come from; `read` returns as recv does. */
struct source {
    ssize_t (*read)(const struct source *source, char *data, size_t len,
                    struct surplus *surplus);
    SSL *ssl; /* or NULL */
    int fd;
    int flags;
};

/* Reads in libwebsockets' place, as recv does. */
ssize_t input_read(struct socket *socket, const struct source *from,
                   char *data, size_t len);

/* Whether frames come that are not thrown away. */
bool input_is_wanted(const struct input *input);

/* Reads `pending` bytes, which are there, behind what is held already. */
void input_hold_more(struct socket *socket, const struct source *from,
                     size_t pending);

/* Whether the request's path had a blank, written %20. */
bool input_has_blank(const struct socket *socket);

/* The Forwarded headers of the request at hand, as head_check.h says. */
struct bytes input_forwarded(const struct socket *socket);

/* Whether the request has one traceparent, and no more. */
bool input_has_one_trace(const struct socket *socket);

/* Whether its body comes in chunks; and whether it has come, of which so many
 * bytes were seen. */
bool input_is_chunked(const struct socket *socket);
bool input_body_is_over(const struct socket *socket, uint64_t seen);

/* From here on come frames. */
void input_begin_frames(struct socket *socket);

/* Nothing is read any more, but the end of the stream. */
static inline bool input_is_over(const struct input *input)
{
    return input->check.is_broken || input->check.is_over;
}

/* Whether bytes are held that libwebsockets can read at once. */
bool input_has_more(const struct socket *socket);

/* Lets libwebsockets read what was held back. At the end of a turn. */
void input_serve_held(struct reactor *reactor);

/* One whose bytes are against the rules, each once; NULL: no more. */
struct socket *input_take_broken(struct reactor *reactor);

void input_deinit(struct socket *socket);

#endif

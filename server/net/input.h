/* input: what libwebsockets reads from a socket, seen before it is.
 *
 * Requests go through head_check, and one that asks for an upgrade is given to
 * it alone, so that the frames behind are read as frames; frames go through
 * frame_check; pings are answered here,
 * each of them. Where nothing may be read any more, it is told that nothing
 * came.
 *
 * Owner:   the socket.
 * Thread:  the reactor's.
 * Limits:  what is held back was read at once: one read of libwebsockets'.
 * Failure: websocket_on_broken is called, and nothing is read any more.
 */
#ifndef PEAL_NET_INPUT_H
#define PEAL_NET_INPUT_H

#include "base/buffer.h"
#include "net/frame_check.h"
#include "net/head_check.h"

struct reactor;
struct socket;

struct input {
    struct buffer held;
    size_t held_at;  /* up to here it was read */
    bool is_cut;     /* held bytes wait for more behind them */
    bool is_frames;  /* the upgrade has been */
    bool is_listed;  /* in the reactor's list of those that hold bytes */
    bool is_closing; /* only a close frame, or the end, is waited for */
    struct frame_check check;
    struct head_check *head; /* before the upgrade, once something came */
};

/* From here on come frames. */
void input_begin_frames(struct socket *socket);

/* Nothing is read any more, but the end of the stream. */
static inline bool input_is_over(const struct input *input)
{
    return input->check.is_broken || input->check.is_over;
}

/* Lets libwebsockets read what was held back. At the end of a turn. */
void input_serve_held(struct reactor *reactor);

void input_deinit(struct socket *socket);

#endif

/* bench_link: one WebSocket connection, from connect to close.
 *
 * Owner:   the run holds all links in one array; a link owns its buffers.
 * Thread:  only its worker.
 * Limits:  received frames up to BENCH_FRAME_LARGEST.
 * Failure: counted and noted; the link is then down and may be reopened,
 *          but never from within a callback (see scenario.h).
 */
#ifndef PEAL_BENCH_LINK_H
#define PEAL_BENCH_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench_frame.h"
#include "bench_script.h"
#include "bench_seen.h"

struct bench_target;
struct bench_tls;
struct bench_worker;

/* In the order in which a connection passes them. */
enum bench_link_state {
    BENCH_LINK_DOWN,
    BENCH_LINK_SECURING,  /* TLS handshake */
    BENCH_LINK_UPGRADING, /* waits for 101 */
    BENCH_LINK_JOINING,   /* waits for the answer to --join */
    BENCH_LINK_OPEN,
    BENCH_LINK_LEAVING, /* close was sent */
};

struct bench_link {
    /* set once, before the threads start */
    uint32_t number;
    uint32_t room;
    struct bench_worker *worker;
    const struct bench_target *target;
    struct bench_script script;
    struct bench_seen *seen; /* one per publisher of the room */

    /* the connection */
    int fd;
    enum bench_link_state state;
    bool is_dirty; /* in the worker's list of links with bytes to send */
    bool wants_write;
    uint64_t due;      /* scheduled time of the opening or request */
    uint64_t begun_at; /* actual start of the opening */
    struct bench_tls *tls;

    /* received but incomplete */
    unsigned char *tail;
    size_t tail_len;
    unsigned char *message;
    size_t message_len;

    /* to be sent */
    unsigned char *out;
    size_t out_len, out_sent, out_room;
    uint32_t sequence; /* of this link's next text in its own stream */
    uint32_t waiting;  /* echo: texts in flight; churn, chat: for free use */
    uint64_t wake_at;  /* churn, chat: time of the next action */
};

/* Connects; the handshake time counts from `due`. */
void bench_link_open(struct bench_link *self, uint64_t due);

/* Handles all epoll events. */
void bench_link_on_event(struct bench_link *self, uint32_t events);

/* Queues one frame; bench_worker_flush sends it. */
void bench_link_send(struct bench_link *self, enum bench_opcode opcode,
                     const void *data, size_t len);

/* Queues raw bytes. */
void bench_link_send_raw(struct bench_link *self, const void *data, size_t len);

/* Sends queued data until the socket is full. */
void bench_link_flush(struct bench_link *self);

/* Stamps the text with `stream` and `sequence`, and queues it. */
void bench_link_publish(struct bench_link *self, uint32_t stream,
                        uint32_t sequence, uint64_t due);

/* Sends close and waits for the server to close the connection. */
void bench_link_leave(struct bench_link *self);

/* After the upgrade: sends --join, or opens the link at once; with --sign,
 * waits for the text with the socket id. */
void bench_link_join(struct bench_link *self);
void bench_link_join_signed(struct bench_link *self, const char *text,
                            size_t len);

/* The cause of the current failure, for a note. */
const char *bench_link_trouble(const struct bench_link *self);

/* From now on the scenario may use the link. */
void bench_link_become_open(struct bench_link *self);

/* An unexpected end: counts it, notes it and closes the socket. `code` is the
 * server's close code, 0 if there was none. */
void bench_link_fail(struct bench_link *self, int code, const char *why);

/* Closes the socket at once when a wait is over; does not count as an error. */
void bench_link_cut(struct bench_link *self);

static inline bool bench_link_is_open(const struct bench_link *self)
{
    return self->state == BENCH_LINK_OPEN;
}

#endif

/* bench_link: one WebSocket connection, from connect to close.
 *
 * Owner:   the run holds all links in one array; a link owns its buffers.
 * Thread:  only the worker that it belongs to.
 * Limits:  received frames up to BENCH_FRAME_LARGEST.
 * Failure: counted and noted; the link is then down and may be reopened,
 *          but never from inside a callback (see scenario.h).
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

/* In the order of a connection's life. */
enum bench_link_state {
    BENCH_LINK_DOWN,
    BENCH_LINK_SECURING,  /* TLS handshake */
    BENCH_LINK_UPGRADING, /* waits for 101 */
    BENCH_LINK_JOINING,   /* waits for the answer to --join */
    BENCH_LINK_OPEN,
    BENCH_LINK_LEAVING, /* we sent close */
};

struct bench_link {
    /* set once, before the threads start */
    uint32_t number;
    uint32_t room;
    struct bench_worker *worker;
    const struct bench_target *target;
    struct bench_script script;
    struct bench_seen *seen; /* one for each publisher of the room */

    /* the connection */
    int fd;
    enum bench_link_state state;
    bool is_dirty; /* on the worker's list of those with bytes to send */
    bool wants_write;
    uint64_t due;      /* when the opening, or request, should have begun */
    uint64_t begun_at; /* when the opening began */
    struct bench_tls *tls;

    /* received, not complete */
    unsigned char *tail;
    size_t tail_len;
    unsigned char *message;
    size_t message_len;

    /* to be sent */
    unsigned char *out;
    size_t out_len, out_sent, out_room;
    uint32_t sequence; /* of the next text of this link's own stream */
    uint32_t waiting;  /* echo: texts in flight; churn, chat: free to use */
    uint64_t wake_at;  /* churn, chat: when it acts next */
};

/* Connects; `due` is the moment that the handshake's time counts from. */
void bench_link_open(struct bench_link *self, uint64_t due);

/* What epoll says; the only entrance for events. */
void bench_link_on_event(struct bench_link *self, uint32_t events);

/* Queues one frame; it leaves with bench_worker_flush. */
void bench_link_send(struct bench_link *self, enum bench_opcode opcode,
                     const void *data, size_t len);

/* Queues bytes as they are. */
void bench_link_send_raw(struct bench_link *self, const void *data, size_t len);

/* Sends what is queued, as far as the socket takes it. */
void bench_link_flush(struct bench_link *self);

/* Stamps the text with `stream` and `sequence` and queues it. */
void bench_link_publish(struct bench_link *self, uint32_t stream,
                        uint32_t sequence, uint64_t due);

/* Sends close and waits for the server to end the connection. */
void bench_link_leave(struct bench_link *self);

/* The server has upgraded: sends --join, or is open at once; with --sign it
 * waits for the text that has a socket id. */
void bench_link_join(struct bench_link *self);
void bench_link_join_signed(struct bench_link *self, const char *text,
                            size_t len);

/* What went wrong with it just now, for a note. */
const char *bench_link_trouble(const struct bench_link *self);

/* From now on the scenario may use it. */
void bench_link_become_open(struct bench_link *self);

/* It ends and nobody here wanted that: counts, notes and cuts. `code` is
 * the server's close code, 0 without one. */
void bench_link_fail(struct bench_link *self, int code, const char *why);

/* Ends it at once, for when waiting is over; counts nothing as wrong. */
void bench_link_cut(struct bench_link *self);

static inline bool bench_link_is_open(const struct bench_link *self)
{
    return self->state == BENCH_LINK_OPEN;
}

#endif

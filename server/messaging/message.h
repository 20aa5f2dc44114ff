/* message: what a channel or a client is told, once for all who get it.
 *
 * Owner:   counted; whoever keeps one holds a reference.
 * Thread:  immutable from the moment the hub posts it; the bus sets offset and
 *          time before that, the hub when it got it. References and encodings
 *          are safe from any thread.
 * Limits:  payloads are bounded by limits.message_bytes.
 * Failure: out of memory ends the process.
 */
#ifndef PEAL_MESSAGING_MESSAGE_H
#define PEAL_MESSAGING_MESSAGE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "messaging/frame.h"
#include "messaging/trace.h"

enum message_kind {
    MESSAGE_PUBLICATION,
    MESSAGE_JOIN,  /* `from` came to the channel */
    MESSAGE_LEAVE, /* `from` left it */
    MESSAGE_GAP,   /* messages of the channel may have been missed */
    MESSAGE_DIRECT /* to a client: no channel */
};

/* Wire formats at the most: one for each protocol that has channels. */
enum { ENCODINGS_MAX = 4 };

struct message {
    _Atomic unsigned references;
    enum message_kind kind;
    uint64_t offset;    /* its place in the channel; 0: it has none */
    int64_t time_ms;    /* wall clock */
    uint64_t handed_ns; /* steady clock; when the hub got it, 0: not yet */
    struct bytes channel;
    struct bytes from;    /* client id, or empty */
    struct bytes payload; /* JSON */
    const char *trace;    /* a traceparent of TRACE_LEN bytes, or NULL */
    _Atomic(struct frame *) frames[ENCODINGS_MAX]; /* made at first use */
    char text[];
};

/* Writes a message as one protocol's clients read it. */
typedef void message_encode(const struct message *message, struct buffer *out);

/* One reference; the texts are copied. */
struct message *message_new(enum message_kind kind, struct bytes channel,
                            struct bytes from, struct bytes payload);

/* The same with a traceparent, which trace_read has judged; or none. */
struct message *message_new_traced(enum message_kind kind, struct bytes channel,
                                   struct bytes from, struct bytes payload,
                                   struct bytes trace);

/* What it carries, or nothing. */
static inline struct bytes message_trace(const struct message *message)
{
    return (struct bytes){message->trace, message->trace ? TRACE_LEN : 0};
}

static inline struct message *message_ref(struct message *message)
{
    atomic_fetch_add_explicit(&message->references, 1, memory_order_relaxed);
    return message;
}

/* NULL is ignored. */
void message_unref(struct message *message);

/* The frame for one wire format, made at the first call and then shared.
 * Borrowed: it lives as long as the message. */
struct frame *message_frame(struct message *message, unsigned encoding,
                            message_encode *encode);

/* What the message holds in memory, frames left out. */
static inline size_t message_size(const struct message *message)
{
    return sizeof *message + message->channel.len + message->from.len +
           message->payload.len + message_trace(message).len;
}

#endif

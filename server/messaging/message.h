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

struct inbox;

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
    _Atomic unsigned deliveries; /* references that keep the frames too */
    enum message_kind kind;
    uint64_t offset;    /* its place in the channel; 0: it has none */
    int64_t time_ms;    /* wall clock */
    uint64_t handed_ns; /* steady clock; when the hub got it, 0: not yet */
    struct bytes channel;
    struct bytes from;    /* client id, or empty */
    struct bytes event;   /* what it is about, or empty */
    struct bytes info;    /* what others may see of `from`, or empty */
    struct bytes payload; /* JSON */
    const char *trace;    /* a traceparent of TRACE_LEN bytes, or NULL */
    /* made at first use; gone with the last delivery */
    _Atomic(struct frame *) frames[ENCODINGS_MAX][FRAMINGS_MAX];
    char text[];
};

/* Writes a message as one protocol's clients read it. */
typedef void message_encode(const struct message *message, struct buffer *out);

/* A wire format of messages. */
struct encoding {
    unsigned number; /* below ENCODINGS_MAX */
    enum payload_kind kind;
    message_encode *encode;
};

/* One reference; the texts are copied. */
struct message *message_new(enum message_kind kind, struct bytes channel,
                            struct bytes from, struct bytes payload);

/* What may be in a message; each may be empty. */
struct message_parts {
    struct bytes channel;
    struct bytes from;
    struct bytes event;
    struct bytes info;
    struct bytes payload;
    struct bytes trace; /* as trace_read has judged it */
};

struct message *message_new_of(enum message_kind kind,
                               const struct message_parts *parts);

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

/* A reference for the time of a delivery, while frames are made and shared. A
 * history that keeps the message then holds no frames. Once deliveries have
 * begun, only a holder of such a reference may take another one. */
static inline struct message *message_share(struct message *message)
{
    atomic_fetch_add_explicit(&message->deliveries, 1, memory_order_relaxed);
    return message_ref(message);
}

void message_unshare(struct message *message);

/* The frame for one wire format on one kind of transport, made at the first
 * call and then shared. Borrowed: it lives as long as the delivery, or, without
 * one, as the message. */
struct frame *message_frame(struct message *message,
                            const struct encoding *encoding,
                            const struct framing *framing);

/* The same for one receiver: nothing keeps it but the caller's reference. */
struct frame *message_new_frame(const struct message *message,
                                const struct encoding *encoding,
                                const struct framing *framing);

/* Has the thread of that inbox log the delivery to so many connections, if the
 * message carries a trace that is sampled. May be called under a lock. */
void message_log_delivery(struct message *message, struct inbox *inbox,
                          uint32_t connections);

/* What the message holds in memory, frames left out. */
static inline size_t message_size(const struct message *message)
{
    return sizeof *message + message->channel.len + message->from.len +
           message->event.len + message->info.len + message->payload.len +
           message_trace(message).len;
}

#endif

/* message: a message to a channel or a client, shared by all receivers.
 *
 * Owner:   reference-counted.
 * Thread:  immutable once the hub has posted it; before that the bus sets
 *          offset and time, and the hub its time of receipt. References and
 *          encodings are safe from any thread.
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
    MESSAGE_JOIN,  /* `from` joined the channel */
    MESSAGE_LEAVE, /* `from` left it */
    MESSAGE_GAP,   /* messages of the channel may be missing */
    MESSAGE_DIRECT /* to a client: no channel */
};

/* Maximum number of wire formats: one per protocol with channels. */
enum { ENCODINGS_MAX = 4 };

struct message {
    _Atomic unsigned references;
    _Atomic unsigned deliveries; /* references that also keep the frames */
    enum message_kind kind;
    uint64_t offset;    /* its position in the channel; 0: none */
    int64_t time_ms;    /* wall clock */
    uint64_t handed_ns; /* steady clock; when the hub received it, 0: not yet */
    struct bytes channel;
    struct bytes from;    /* client id, or empty */
    struct bytes event;   /* event name, or empty */
    struct bytes info;    /* info of `from`, or empty */
    struct bytes payload; /* JSON */
    const char *trace;    /* a traceparent of TRACE_LEN bytes, or NULL */
    /* created at first use; freed with the last delivery */
    _Atomic(struct frame *) frames[ENCODINGS_MAX][FRAMINGS_MAX];
    char text[];
};

/* Writes a message in one protocol's format. */
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

/* The parts of a message; each may be empty. */
struct message_parts {
    struct bytes channel;
    struct bytes from;
    struct bytes event;
    struct bytes info;
    struct bytes payload;
    struct bytes trace; /* validated by trace_read */
};

struct message *message_new_of(enum message_kind kind,
                               const struct message_parts *parts);

/* Its traceparent, or empty. */
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

/* A reference for a delivery, which keeps the shared frames. A plain reference,
 * such as a history's, keeps no frames. Once deliveries have begun, only a
 * holder of such a reference may take another one. */
static inline struct message *message_share(struct message *message)
{
    atomic_fetch_add_explicit(&message->deliveries, 1, memory_order_relaxed);
    return message_ref(message);
}

void message_unshare(struct message *message);

/* The frame for one wire format and transport, created at the first call and
 * then shared. Borrowed: valid as long as the delivery or, without one, the
 * message. */
struct frame *message_frame(struct message *message,
                            const struct encoding *encoding,
                            const struct framing *framing);

/* The same for one receiver: only the caller's reference keeps it. */
struct frame *message_new_frame(const struct message *message,
                                const struct encoding *encoding,
                                const struct framing *framing);

/* If the message carries a sampled trace, posts a log entry of its delivery to
 * the inbox's thread. May be called under a lock. */
void message_log_delivery(struct message *message, struct inbox *inbox,
                          uint32_t connections);

/* The message's memory, without frames. */
static inline size_t message_size(const struct message *message)
{
    return sizeof *message + message->channel.len + message->from.len +
           message->event.len + message->info.len + message->payload.len +
           message_trace(message).len;
}

#endif

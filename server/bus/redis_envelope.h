/* redis_envelope: a message as it travels through Redis.
 *
 *     P|epoch|offset|time|from|payload    a publication
 *     P|...|from;traceparent|payload      one that is traced
 *     J||0|time|client|   L||0|time|client|   came, left
 *     D|to|0|time|from|payload            to a client
 *     X|client|claim|time|instance|       a newer connection elsewhere
 *     C|client|0|time||text               its connections are closed
 *     U|client|0|time||channel            it is taken out of a channel
 *
 * Whoever can write to Redis can send anything: what is decoded here is
 * checked like what a client sends, the payload down to its JSON.
 *
 * Owner:   what is decoded points into the text.
 * Thread:  any.
 * Limits:  names as in names.h; the payload is as long as the text.
 * Failure: false for whatever is not exactly one of the above.
 */
#ifndef PEAL_BUS_REDIS_ENVELOPE_H
#define PEAL_BUS_REDIS_ENVELOPE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "messaging/message.h"
#include "messaging/request.h"

enum envelope_kind {
    ENVELOPE_PUBLICATION = 'P',
    ENVELOPE_JOIN = 'J',
    ENVELOPE_LEAVE = 'L',
    ENVELOPE_DIRECT = 'D',
    ENVELOPE_REPLACE = 'X',
    ENVELOPE_DISCONNECT = 'C',
    ENVELOPE_REMOVE = 'U'
};

struct envelope {
    enum envelope_kind kind;
    struct bytes target; /* the client, where it is about one */
    struct position position;
    int64_t time_ms;
    struct bytes from;
    struct bytes trace; /* a traceparent, or empty */
    struct bytes payload;
};

bool redis_envelope_decode(struct bytes text, struct envelope *envelope);

/* The sender as an envelope has it. */
void redis_envelope_append_sender(struct buffer *out, struct bytes from,
                                  struct bytes trace);

/* A message of one reference out of a decoded envelope. */
struct message *redis_envelope_message(const struct envelope *envelope,
                                       struct bytes channel);

/* What is about a client; the others are written by the scripts. */
void redis_envelope_encode(const struct envelope *envelope,
                           struct buffer *out);

#endif

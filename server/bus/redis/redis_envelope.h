/* redis_envelope: the encoding of messages in Redis.
 *
 *     P|epoch|offset|time|from|payload    a publication
 *     P|...|from;e=event;i=23;traceparent|payload
 *                                         one with an event, and a trace; the
 *                                         payload field begins with an info of
 *                                         23 bytes
 *     J||0|time|client|info   L||0|time|client|   came, left
 *     G||0|time||                         messages acknowledged up to that time
 * may be lost D|to|0|time|from|payload            to a client
 *     X|client|claim|time|instance|       a newer connection elsewhere
 *     C|client|0|time||text               its connections are closed
 *     U|client|0|time||channel            it is taken out of a channel
 *     Q|client|number|time|instance|what  a survey, see redis_surveys.h
 *     A||number|time|instance|answer      and what another instance says to it
 *     B||0|time||target                   a ban began or ended
 *     E||0|time|range|reason              connections of addresses are closed
 *
 * Client ids and events are encoded as in redis_client_name.h.
 *
 * Other software may write to Redis, so decoded envelopes are validated like
 * client messages, including the payload's JSON.
 *
 * Owner:   decoded parts point into the text, or into the envelope itself,
 *          which must not be copied.
 * Thread:  any.
 * Limits:  names as in names.h; the payload is as long as the text.
 * Failure: false for anything that is not exactly one of the above.
 */
#ifndef PEAL_BUS_REDIS_ENVELOPE_H
#define PEAL_BUS_REDIS_ENVELOPE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "messaging/message.h"
#include "messaging/names.h"
#include "messaging/request.h"

enum envelope_kind {
    ENVELOPE_PUBLICATION = 'P',
    ENVELOPE_JOIN = 'J',
    ENVELOPE_LEAVE = 'L',
    ENVELOPE_GAP = 'G',
    ENVELOPE_DIRECT = 'D',
    ENVELOPE_REPLACE = 'X',
    ENVELOPE_DISCONNECT = 'C',
    ENVELOPE_REMOVE = 'U',
    ENVELOPE_QUESTION = 'Q',
    ENVELOPE_ANSWER = 'A',
    ENVELOPE_BAN = 'B',
    ENVELOPE_EVICT = 'E'
};

struct envelope {
    enum envelope_kind kind;
    struct bytes target; /* the client, if it is about one */
    struct position position;
    int64_t time_ms;
    struct bytes from;
    struct bytes event; /* or empty */
    struct bytes info;  /* or empty */
    struct bytes trace; /* a traceparent, or empty */
    struct bytes payload;
    /* storage of decoded ids */
    char target_text[CLIENT_ID_MAX + 1];
    char from_text[CLIENT_ID_MAX + 1];
    char event_text[EVENT_TEXT_MAX + 1];
};

bool redis_envelope_decode(struct bytes text, struct envelope *envelope);

/* Appends the sender with event, info and trace, and the payload, as in an
 * envelope. */
void redis_envelope_append_sender(struct buffer *out,
                                  const struct message *message);
void redis_envelope_append_payload(struct buffer *out,
                                   const struct message *message);

/* A message with one reference, from a decoded envelope. */
struct message *redis_envelope_message(const struct envelope *envelope,
                                       struct bytes channel);

/* Writes an envelope about a client; the scripts write the others. */
void redis_envelope_encode(const struct envelope *envelope, struct buffer *out);

#endif

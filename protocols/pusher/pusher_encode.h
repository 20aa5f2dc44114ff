/* pusher_encode: encodes messages for Pusher's protocol.
 *
 * Owner:   static.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_ENCODE_H
#define PEAL_PROTOCOLS_PUSHER_ENCODE_H

#include "messaging/message.h"

extern const struct encoding pusher_encoding;

/* The same with the offset, for clients that recover. */
extern const struct encoding pusher_encoding_positioned;

/* Appends the payload for a received string: the string itself if it is JSON,
 * otherwise a JSON string. */
void pusher_encode_payload(struct bytes data, struct buffer *out);

/* Appends the reverse: the payload as a JSON string. */
void pusher_encode_data(struct bytes payload, struct buffer *out);

#endif

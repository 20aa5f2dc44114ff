/* pusher_encode: how Pusher's protocol writes messages.
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

/* The same for clients that recover: with the offset beside. */
extern const struct encoding pusher_encoding_positioned;

/* What was a text on its way in becomes the payload: itself where it is JSON,
 * else a JSON string. Appended. */
void pusher_encode_payload(struct bytes data, struct buffer *out);

/* The other way: as a JSON string. Appended. */
void pusher_encode_data(struct bytes payload, struct buffer *out);

#endif

/* broadcast_encode: encodes messages and members for the broadcast protocol.
 *
 * Owner:   output goes to the caller's buffer.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_PROTOCOLS_BROADCAST_ENCODE_H
#define PEAL_PROTOCOLS_BROADCAST_ENCODE_H

#include "base/buffer.h"
#include "messaging/message.h"

/* The encoding of messages as JSON text. */
extern const struct encoding broadcast_encoding;

/* `,"name":` and then the raw JSON `value`. */
void broadcast_append_member(struct buffer *out, const char *name,
                             struct bytes value);

/* The same, with a string that gets quoted. */
void broadcast_append_string(struct buffer *out, const char *name,
                             struct bytes text);

void broadcast_append_number(struct buffer *out, const char *name,
                             uint64_t number);

#endif

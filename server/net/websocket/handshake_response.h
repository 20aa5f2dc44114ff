/* handshake_response: writes the response 101 (RFC 6455 section 4.2.2).
 *
 * Owner:   the caller owns the buffer.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_NET_HANDSHAKE_RESPONSE_H
#define PEAL_NET_HANDSHAKE_RESPONSE_H

#include "base/buffer.h"

struct opening;

void handshake_response_append(const struct opening *opening,
                               struct buffer *out);

#endif

/* token_source: where in a handshake a token may stand.
 *
 * The places are tried in the order of protocols/websocket.md; the first that
 * has a token decides, whether the token is good or not.
 *
 * Owner:   the token is borrowed from the handshake.
 * Thread:  any.
 * Limits:  none; the token's length is checked by whoever reads it.
 * Failure: false when no place has one.
 */
#ifndef PEAL_AUTH_TOKEN_SOURCE_H
#define PEAL_AUTH_TOKEN_SOURCE_H

#include <stdbool.h>

#include "base/bytes.h"

struct handshake;

/* What a browser puts before a token among its subprotocols. */
#define TOKEN_SOURCE_BEARER "bearer."

/* How the names in Sec-WebSocket-Protocol are parted: by commas, and by
 * blanks where libwebsockets has joined several headers. */
#define TOKEN_SOURCE_SEPARATORS ", \t"

/* `query_token`: ?token= is looked at too. */
bool token_source_find(const struct handshake *handshake, bool query_token,
                       struct bytes *token);

#endif

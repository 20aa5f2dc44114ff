/* token_source: finds the token in a handshake.
 *
 * The places are tried in the order of protocols/websocket.md; the first one
 * with a token decides, even if the token is invalid.
 *
 * Owner:   the token is borrowed from the handshake.
 * Thread:  any.
 * Limits:  none; the caller checks the token's length.
 * Failure: false if no place has one.
 */
#ifndef PEAL_AUTH_TOKEN_SOURCE_H
#define PEAL_AUTH_TOKEN_SOURCE_H

#include <stdbool.h>

#include "base/bytes.h"

struct handshake;

/* Prefix of a token among a browser's subprotocols. */
#define TOKEN_SOURCE_BEARER "bearer."

/* Separators of the names in Sec-WebSocket-Protocol: commas, and spaces where
 * several headers were joined. */
#define TOKEN_SOURCE_SEPARATORS ", \t"

/* `query_token`: also accept ?token=. */
bool token_source_find(const struct handshake *handshake, bool query_token,
                       struct bytes *token);

#endif

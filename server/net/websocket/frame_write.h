/* frame_write: writes a server's WebSocket frames (RFC 6455 section 5.2). They
 * have no mask, so all receivers share one frame.
 *
 * Owner:   nothing.
 * Thread:  any.
 * Limits:  control frames up to FRAME_CONTROL_MAX bytes of payload.
 * Failure: none.
 */
#ifndef PEAL_NET_FRAME_WRITE_H
#define PEAL_NET_FRAME_WRITE_H

#include <stddef.h>

#include "messaging/framing.h"

/* RFC 6455 section 5.2 */
enum frame_opcode {
    FRAME_CONTINUATION = 0x0,
    FRAME_TEXT = 0x1,
    FRAME_BINARY = 0x2,
    FRAME_CLOSE = 0x8,
    FRAME_PING = 0x9,
    FRAME_PONG = 0xa
};

enum {
    FRAME_HEADER_MAX = 10,
    FRAME_CONTROL_MAX = 125,
    FRAME_CONTROL_SIZE = 2 + FRAME_CONTROL_MAX,
    FRAME_NO_STATUS = 1005 /* RFC 6455 section 7.1.5 */
};

/* Text and binary messages. */
extern const struct framing frame_write_framing;

/* Writes the header of a final frame; returns its length. */
size_t frame_write_header(char out[FRAME_HEADER_MAX], enum frame_opcode opcode,
                          size_t payload_len);

/* A ping or pong; returns its length. */
size_t frame_write_control(char out[FRAME_CONTROL_SIZE],
                           enum frame_opcode opcode, struct bytes payload);

/* A close frame, without a body for FRAME_NO_STATUS; returns its length. */
size_t frame_write_close(char out[FRAME_CONTROL_SIZE], int code,
                         const char *text);

#endif

/* frame_reader: parses a client's WebSocket frames (RFC 6455 section 5) in one
 * pass.
 *
 * Payloads are unmasked in place and returned as they arrive; control frames
 * are returned whole. Independent of sockets.
 *
 * Owner:   the caller; pieces are borrowed from the bytes given.
 * Thread:  any.
 * Limits:  at most FRAME_HELD_MAX bytes are left for a later call.
 * Failure: FRAME_EVENT_BAD, with the close code (section 7.4.1).
 */
#ifndef PEAL_NET_FRAME_READER_H
#define PEAL_NET_FRAME_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* A frame's header with its mask, and a control frame's payload. */
enum { FRAME_HELD_MAX = 131 };

/* A zeroed struct is ready for the first frame. It is small because every idle
 * connection has one. */
struct frame_reader {
    uint64_t left;  /* of the current data frame */
    uint32_t mask;  /* rotated so that it begins with the next byte */
    uint8_t opcode; /* of the current message, 0 between messages */
    bool is_final;  /* the current frame ends its message */
    bool is_over;   /* a close frame was read, valid or not: nothing may follow,
                       and every call returns MORE */
};

enum frame_event {
    FRAME_EVENT_MORE, /* no complete event: pass the rest again, with more after
                         it */
    FRAME_EVENT_DATA, /* a piece of a message, empty if only the header has
                         arrived or the frame is empty */
    FRAME_EVENT_PING,
    FRAME_EVENT_PONG,
    FRAME_EVENT_CLOSE, /* its code (1005: none) and its text */
    FRAME_EVENT_BAD    /* protocol error: close with the code */
};

struct frame_piece {
    struct bytes payload; /* unmasked */
    uint64_t remaining;   /* outstanding bytes of the same frame */
    bool is_last;         /* the message ends with this piece */
    bool is_binary;
    int code; /* of CLOSE and BAD */
};

/* Reads the next event in data[0..len) and sets the number of bytes taken; none
 * for FRAME_EVENT_MORE. A frame's length is checked as soon as it has arrived,
 * before its mask; a data frame's header without payload is reported as an
 * event, so that `remaining` is known early. Bytes taken must not be passed
 * again: they are no longer masked. */
enum frame_event frame_reader_next(struct frame_reader *reader, char *data,
                                   size_t len, size_t *taken,
                                   struct frame_piece *piece);

#endif

/* frame_reader: a client's WebSocket frames (RFC 6455 section 5), read once.
 *
 * Payloads are unmasked in place and given as they arrive; control frames are
 * given whole. Knows no socket.
 *
 * Owner:   the caller; pieces are borrowed from the bytes given.
 * Thread:  any.
 * Limits:  at most FRAME_HELD_MAX bytes are left for a later call.
 * Failure: FRAME_EVENT_BAD, with the code to close with (section 7.4.1).
 */
#ifndef PEAL_NET_FRAME_READER_H
#define PEAL_NET_FRAME_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* A frame's header with its mask, and a control frame's payload. */
enum { FRAME_HELD_MAX = 131 };

/* A zeroed one stands before the first frame. Every idle connection has one:
 * it is kept small. */
struct frame_reader {
    uint64_t left;  /* of the data frame at hand */
    uint32_t mask;  /* turned so that it begins with the next byte */
    uint8_t opcode; /* of the message at hand, 0 between messages */
    bool is_final;  /* the frame at hand ends its message */
    bool is_over;   /* a close frame was read, good or bad: nothing may
                       follow, and every call gives MORE */
};

enum frame_event {
    FRAME_EVENT_MORE, /* no whole event is there: give the rest again, with
                         more after it */
    FRAME_EVENT_DATA, /* a piece of a message, empty if only the header is
                         there or the frame is empty */
    FRAME_EVENT_PING,
    FRAME_EVENT_PONG,
    FRAME_EVENT_CLOSE, /* its code (1005: none) and its text */
    FRAME_EVENT_BAD    /* the peer broke the protocol: close with the code */
};

struct frame_piece {
    struct bytes payload; /* unmasked */
    uint64_t remaining;   /* bytes of the same frame that are still to come */
    bool is_last;         /* the message ends with this piece */
    bool is_binary;
    int code; /* of CLOSE and BAD */
};

/* Reads the next event in data[0..len) and sets how many bytes it took; with
 * FRAME_EVENT_MORE none are taken. A frame's length is judged as soon as it is
 * there, without its mask; a data frame's header is an event of its own if no
 * payload follows it yet, so that `remaining` is known early. The bytes taken
 * must not be given again: they are no longer masked. */
enum frame_event frame_reader_next(struct frame_reader *reader, char *data,
                                   size_t len, size_t *taken,
                                   struct frame_piece *piece);

#endif

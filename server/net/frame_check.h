/* frame_check: what RFC 6455 asks of a client's frames, checked on the bytes
 * as they come: masks, lengths, reserved bits, opcodes, the order of
 * fragments. libwebsockets leaves some of it out, and tells of none of it.
 *
 * Owner:   the socket's input; a zeroed struct stands before the first frame.
 * Thread:  the reactor's.
 * Limits:  a frame's header and a whole control frame are at most
 *          FRAME_CHECK_HELD bytes: so many may have to wait for more.
 * Failure: is_broken, for ever.
 */
#ifndef PEAL_NET_FRAME_CHECK_H
#define PEAL_NET_FRAME_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { FRAME_CHECK_HELD = 131 };

struct frame_check {
    uint64_t payload_left; /* of the data frame at hand */
    bool in_message;       /* fragments are to come */
    bool is_broken;
    bool is_over;        /* a close frame has been */
    uint16_t close_code; /* the one in it, or 0 */
};

/* Each ping: its payload, unmasked, valid during the call. */
typedef void frame_check_ping(void *arg, struct bytes payload);

/* How many of the bytes are good. What is left is the beginning of a frame
 * that must be given again with more behind it, unless is_broken or is_over:
 * then it does not count (RFC 6455 section 5.5.1). Pings are
 * reported and made into pongs, so that nobody else answers them. */
size_t frame_check(struct frame_check *check, char *data, size_t len,
                   frame_check_ping *on_ping, void *arg);

#endif

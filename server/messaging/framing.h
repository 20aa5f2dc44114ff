/* framing: how a transport delimits payloads. The transport provides one table;
 * messaging/ never looks inside a frame.
 *
 * Owner:   static.
 * Thread:  any, except `finish`, which runs on the connection's worker.
 * Limits:  FRAMINGS_MAX of them in a program.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_FRAMING_H
#define PEAL_MESSAGING_FRAMING_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"

struct connection;
struct message;

enum payload_kind { PAYLOAD_TEXT, PAYLOAD_BINARY };

enum {
    FRAMINGS_MAX = 2,
    FRAMING_ROOM = 64 /* room before a payload for its header */
};

struct framing {
    unsigned number; /* below FRAMINGS_MAX */

    /* `out` contains FRAMING_ROOM bytes and then a payload. Writes the header
     * directly before the payload, appends the trailer, and returns the offset
     * of the frame. The payload's length does not change. */
    size_t (*wrap)(struct buffer *out, enum payload_kind kind);

    /* The same for one part of a message. NULL: messages are sent whole. */
    size_t (*wrap_part)(struct buffer *out, enum payload_kind kind,
                        bool is_first, bool is_last);

    /* The length of the first of several frames. */
    size_t (*whole_len)(struct bytes frames);

    /* Appends connection-specific data after a frame. NULL: frames are equal
     * for all receivers. `message` is NULL for a reply. */
    void (*finish)(struct connection *connection, const struct message *message,
                   struct buffer *out);
};

#endif

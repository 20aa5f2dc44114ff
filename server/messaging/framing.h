/* framing: how a transport wraps payloads so that its peers can tell them
 * apart. The transport provides one table; messaging/ never looks inside a
 * frame.
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
    FRAMING_ROOM = 64 /* left before a payload, for what precedes it */
};

struct framing {
    unsigned number; /* below FRAMINGS_MAX */

    /* `out` holds FRAMING_ROOM bytes and then a payload. Writes what precedes
     * the payload directly before it, appends what follows, and returns where
     * the frame begins. A payload keeps its length. */
    size_t (*wrap)(struct buffer *out, enum payload_kind kind);

    /* The same for one part of a message. NULL: messages are sent whole. */
    size_t (*wrap_part)(struct buffer *out, enum payload_kind kind,
                        bool is_first, bool is_last);

    /* The length of the first of several whole frames. */
    size_t (*whole_len)(struct bytes frames);

    /* Appends what only this connection gets after a frame. NULL: a frame is
     * the same for all receivers. `message` is NULL for a reply. */
    void (*finish)(struct connection *connection, const struct message *message,
                   struct buffer *out);
};

#endif

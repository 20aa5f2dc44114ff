/* close_reason: every way a connection ends, in one table.
 *
 * The code's range alone tells a client what to do: 44xx, stay away; 45xx and
 * 1012, come back with jitter.
 *
 * Owner:   the table is static.
 * Thread:  any.
 * Limits:  a text fits a close frame: CLOSE_TEXT_MAX bytes.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_CLOSE_REASON_H
#define PEAL_MESSAGING_CLOSE_REASON_H

#include <stdbool.h>

#include "base/bytes.h"

enum { CLOSE_TEXT_MAX = 123 }; /* RFC 6455 section 5.5, less the code */

enum close_reason {
    CLOSE_NONE, /* not closing */
    CLOSE_BY_CLIENT,
    CLOSE_CONNECTION_LOST,
    CLOSE_PROTOCOL_ERROR,
    CLOSE_BAD_UTF8,
    CLOSE_TOO_BIG,
    CLOSE_RESTART,
    CLOSE_MAX_AGE,
    CLOSE_BAD_MESSAGES,
    CLOSE_TOKEN_MISSING,
    CLOSE_TOKEN_INVALID,
    CLOSE_TOKEN_EXPIRED,
    CLOSE_FORBIDDEN,
    CLOSE_DISCONNECTED,
    CLOSE_REPLACED,
    CLOSE_NO_PONG,
    CLOSE_TOO_SLOW,
    CLOSE_RATE_LIMIT,
    CLOSE_TOO_MANY_CONNECTIONS,
    CLOSE_REASON_COUNT
};

struct close_reason_info {
    const char *name; /* in logs and metrics */
    int code;         /* RFC 6455 section 7.4; 0: no close frame is ours */
    const char *text; /* what the client reads in the close frame */
    bool flush;       /* what waits in the outbox is sent first */
};

const struct close_reason_info *close_reason_info(enum close_reason reason);

/* Whether a close frame may say this in place of the reason's own text: UTF-8
 * without zero bytes, or nothing. */
bool close_text_is_valid(struct bytes text);

#endif

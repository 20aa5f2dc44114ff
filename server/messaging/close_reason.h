/* close_reason: the table of reasons for closing a connection.
 *
 * Clients can act on the code's range: 44xx: do not reconnect; 45xx and 1012:
 * reconnect with jitter.
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

enum { CLOSE_TEXT_MAX = 123 }; /* RFC 6455 section 5.5, minus the code */

/* Name in the source; name in logs and metrics; code of the close frame (RFC
 * 6455 section 7.4; 0: none of ours); its text; whether the outbox is sent
 * first. */
#define CLOSE_REASONS(ROW)                                                     \
    ROW(NONE, "none", 0, "", false) /* not closing */                          \
    ROW(BY_CLIENT, "by_client", 0, "", false)                                  \
    ROW(CONNECTION_LOST, "connection_lost", 0, "", false)                      \
    ROW(PROTOCOL_ERROR, "protocol_error", 1002, "protocol error", false)       \
    ROW(BAD_UTF8, "bad_utf8", 1007, "bad UTF-8", false)                        \
    ROW(TOO_BIG, "too_big", 1009, "message too big", false)                    \
    ROW(RESTART, "restart", 1012, "restart", true)                             \
    ROW(MAX_AGE, "max_age", 1012, "maximum connection age reached", true)      \
    ROW(BAD_MESSAGES, "bad_messages", 4400, "too many bad messages", true)     \
    ROW(TOKEN_MISSING, "token_missing", 4401, "token missing", true)           \
    ROW(TOKEN_INVALID, "token_invalid", 4401, "token invalid", true)           \
    ROW(TOKEN_EXPIRED, "token_expired", 4401, "token expired", true)           \
    ROW(FORBIDDEN, "forbidden", 4403, "forbidden", true)                       \
    ROW(DISCONNECTED, "disconnected", 4403, "disconnected by the server",      \
        true)                                                                  \
    ROW(BANNED, "banned", 4403, "banned", true)                                \
    ROW(REPLACED, "replaced", 4409, "replaced by a newer connection", true)    \
    ROW(NO_PONG, "no_pong", 4508, "no pong", false)                            \
    ROW(TOO_SLOW, "too_slow", 4513, "too slow", false)                         \
    ROW(RATE_LIMIT, "rate_limit", 4529, "rate limit", true)                    \
    ROW(TOO_MANY_CONNECTIONS, "too_many_connections", 4529,                    \
        "too many connections of this client", true)

enum close_reason {
#define CLOSE_ENUM(reason, name, code, text, flush) CLOSE_##reason,
    CLOSE_REASONS(CLOSE_ENUM)
#undef CLOSE_ENUM
        CLOSE_REASON_COUNT
};

struct close_reason_info {
    const char *name;
    int code;
    const char *text;
    bool flush;
};

const struct close_reason_info *close_reason_info(enum close_reason reason);

/* Whether the text may replace the reason's own text in a close frame: UTF-8
 * without zero bytes, or empty. */
bool close_text_is_valid(struct bytes text);

#endif

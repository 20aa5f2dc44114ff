#include "messaging/close_reason.h"

#include "base/utf8.h"

static const struct close_reason_info table[CLOSE_REASON_COUNT] = {
    [CLOSE_NONE] = {"none", 0, "", false},
    [CLOSE_BY_CLIENT] = {"by_client", 0, "", false},
    [CLOSE_CONNECTION_LOST] = {"connection_lost", 0, "", false},
    [CLOSE_PROTOCOL_ERROR] = {"protocol_error", 1002, "protocol error", false},
    [CLOSE_BAD_UTF8] = {"bad_utf8", 1007, "bad UTF-8", false},
    [CLOSE_TOO_BIG] = {"too_big", 1009, "message too big", false},
    [CLOSE_RESTART] = {"restart", 1012, "restart", true},
    [CLOSE_MAX_AGE] = {"max_age", 1012, "connected long enough", true},
    [CLOSE_BAD_MESSAGES] = {"bad_messages", 4400, "too many bad messages",
                            true},
    [CLOSE_TOKEN_MISSING] = {"token_missing", 4401, "token missing", true},
    [CLOSE_TOKEN_INVALID] = {"token_invalid", 4401, "token invalid", true},
    [CLOSE_TOKEN_EXPIRED] = {"token_expired", 4401, "token expired", true},
    [CLOSE_FORBIDDEN] = {"forbidden", 4403, "forbidden", true},
    [CLOSE_DISCONNECTED] = {"disconnected", 4403, "disconnected by the server",
                            true},
    [CLOSE_REPLACED] = {"replaced", 4409, "replaced by a newer connection",
                        true},
    [CLOSE_NO_PONG] = {"no_pong", 4508, "no pong", false},
    [CLOSE_TOO_SLOW] = {"too_slow", 4513, "too slow", false},
    [CLOSE_RATE_LIMIT] = {"rate_limit", 4529, "rate limit", true},
    [CLOSE_TOO_MANY_CONNECTIONS] = {"too_many_connections", 4529,
                                    "too many connections of this client",
                                    true},
};

const struct close_reason_info *close_reason_info(enum close_reason reason)
{
    return &table[reason];
}

bool close_text_is_valid(struct bytes text)
{
    return text.len <= CLOSE_TEXT_MAX && utf8_is_valid(text) &&
           !(text.len && memchr(text.data, 0, text.len));
}

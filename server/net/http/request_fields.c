#include "net/http/request_fields.h"

#include <stdint.h>

#define LIST(name)                                                             \
    {                                                                          \
        {name, sizeof(name) - 1}, ", ", NULL                                   \
    }
#define ONCE(name, title)                                                      \
    {                                                                          \
        {name, sizeof(name) - 1}, NULL, "Two " title " fields"                 \
    }
#define JOIN(name, joint)                                                      \
    {                                                                          \
        {name, sizeof(name) - 1}, joint, NULL                                  \
    }

const struct request_field_rule request_field_rules[REQUEST_FIELDS] = {
    [FIELD_ACCEPT] = LIST("accept"),
    [FIELD_ACCESS_CONTROL_REQUEST_HEADERS] =
        LIST("access-control-request-headers"),
    [FIELD_ACCESS_CONTROL_REQUEST_METHOD] =
        ONCE("access-control-request-method", "Access-Control-Request-Method"),
    [FIELD_AUTHORIZATION] = ONCE("authorization", "Authorization"),
    [FIELD_CONNECTION] = LIST("connection"),
    [FIELD_CONTENT_LENGTH] = ONCE("content-length", "Content-Length"),
    [FIELD_CONTENT_TYPE] = ONCE("content-type", "Content-Type"),
    [FIELD_COOKIE] = JOIN("cookie", "; "),
    [FIELD_EXPECT] = LIST("expect"),
    [FIELD_FORWARDED] = JOIN("forwarded", "\n"),
    [FIELD_HOST] = ONCE("host", "Host"),
    [FIELD_IF_NONE_MATCH] = LIST("if-none-match"),
    [FIELD_LAST_EVENT_ID] = ONCE("last-event-id", "Last-Event-ID"),
    [FIELD_ORIGIN] = ONCE("origin", "Origin"),
    [FIELD_SEC_FETCH_SITE] = LIST("sec-fetch-site"),
    [FIELD_SEC_WEBSOCKET_EXTENSIONS] = LIST("sec-websocket-extensions"),
    [FIELD_SEC_WEBSOCKET_KEY] = ONCE("sec-websocket-key", "Sec-WebSocket-Key"),
    [FIELD_SEC_WEBSOCKET_PROTOCOL] = LIST("sec-websocket-protocol"),
    [FIELD_SEC_WEBSOCKET_VERSION] =
        ONCE("sec-websocket-version", "Sec-WebSocket-Version"),
    [FIELD_TRACEPARENT] = LIST("traceparent"),
    /* several lines are a list of codings: see begin_coding */
    [FIELD_TRANSFER_ENCODING] = LIST("transfer-encoding"),
    [FIELD_UPGRADE] = LIST("upgrade"),
    [FIELD_USER_AGENT] = LIST("user-agent"),
    [FIELD_VIA] = LIST("via"),
    [FIELD_X_FORWARDED_FOR] = LIST("x-forwarded-for"),
    [FIELD_X_FORWARDED_HOST] = LIST("x-forwarded-host"),
    [FIELD_X_FORWARDED_PROTO] = LIST("x-forwarded-proto"),
    [FIELD_X_REAL_IP] = LIST("x-real-ip"),
};

/* The fields with names of each length. Unused places contain the first field,
 * whose name has another length. */
enum { SAME_LENGTH = 4, LENGTHS = 31 };

static const uint8_t by_length[LENGTHS][SAME_LENGTH] = {
    [3] = {FIELD_VIA},
    [4] = {FIELD_HOST},
    [6] = {FIELD_ACCEPT, FIELD_COOKIE, FIELD_EXPECT, FIELD_ORIGIN},
    [7] = {FIELD_UPGRADE},
    [9] = {FIELD_FORWARDED, FIELD_X_REAL_IP},
    [10] = {FIELD_CONNECTION, FIELD_USER_AGENT},
    [11] = {FIELD_TRACEPARENT},
    [12] = {FIELD_CONTENT_TYPE},
    [13] = {FIELD_AUTHORIZATION, FIELD_IF_NONE_MATCH, FIELD_LAST_EVENT_ID},
    [14] = {FIELD_CONTENT_LENGTH, FIELD_SEC_FETCH_SITE},
    [15] = {FIELD_X_FORWARDED_FOR},
    [16] = {FIELD_X_FORWARDED_HOST},
    [17] = {FIELD_SEC_WEBSOCKET_KEY, FIELD_TRANSFER_ENCODING,
            FIELD_X_FORWARDED_PROTO},
    [21] = {FIELD_SEC_WEBSOCKET_VERSION},
    [22] = {FIELD_SEC_WEBSOCKET_PROTOCOL},
    [24] = {FIELD_SEC_WEBSOCKET_EXTENSIONS},
    [29] = {FIELD_ACCESS_CONTROL_REQUEST_METHOD},
    [30] = {FIELD_ACCESS_CONTROL_REQUEST_HEADERS},
};

/* In a token, only letters and '-' become letters and '-' with this bit. */
static bool is_same(struct bytes name, struct bytes lower)
{
    enum { LOWER = 0x20 };
    size_t at = 0;
    if (name.len != lower.len)
        return false;
    while (at < name.len && (name.data[at] | LOWER) == lower.data[at])
        at++;
    return at == name.len;
}

enum request_field request_field_named(struct bytes name)
{
    if (name.len >= LENGTHS)
        return FIELD_OTHER;
    const uint8_t *fields = by_length[name.len];
    for (size_t i = 0; i < SAME_LENGTH; i++)
        if (is_same(name, request_field_rules[fields[i]].name))
            return (enum request_field)fields[i];
    return FIELD_OTHER;
}

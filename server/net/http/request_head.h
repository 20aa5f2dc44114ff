/* request_head: the head of an HTTP/1.1 request as plain data (RFC 9110, RFC
 * 9112), and functions to read its lists and its query.
 *
 * Owner:   the caller; a head borrows the bytes it was read from, and the
 *          buffer of joined fields.
 * Thread:  any.
 * Limits:  request_reader's.
 * Failure: an invalid escape is reported, or kept unchanged.
 */
#ifndef PEAL_NET_REQUEST_HEAD_H
#define PEAL_NET_REQUEST_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

/* The fields that Peal uses. All others are checked and ignored. */
enum request_field {
    FIELD_ACCEPT,
    FIELD_ACCESS_CONTROL_REQUEST_HEADERS,
    FIELD_ACCESS_CONTROL_REQUEST_METHOD,
    FIELD_AUTHORIZATION,
    FIELD_CONNECTION,
    FIELD_CONTENT_LENGTH,
    FIELD_CONTENT_TYPE,
    FIELD_COOKIE,
    FIELD_EXPECT,
    FIELD_FORWARDED,
    FIELD_HOST,
    FIELD_IF_NONE_MATCH,
    FIELD_LAST_EVENT_ID,
    FIELD_ORIGIN,
    FIELD_SEC_FETCH_SITE,
    FIELD_SEC_WEBSOCKET_EXTENSIONS,
    FIELD_SEC_WEBSOCKET_KEY,
    FIELD_SEC_WEBSOCKET_PROTOCOL,
    FIELD_SEC_WEBSOCKET_VERSION,
    FIELD_TRACEPARENT,
    FIELD_TRANSFER_ENCODING,
    FIELD_UPGRADE,
    FIELD_USER_AGENT,
    FIELD_VIA,
    FIELD_X_FORWARDED_FOR,
    FIELD_X_FORWARDED_HOST,
    FIELD_X_FORWARDED_PROTO,
    FIELD_X_REAL_IP,
    REQUEST_FIELDS,
    FIELD_OTHER = REQUEST_FIELDS
};

/* Everything borrowed; absent parts are empty. */
struct request_head {
    struct bytes method;
    /* As sent, percent-encoded, without scheme, authority and query. "*" for
     * OPTIONS; "/" if an absolute target has none. */
    struct bytes path;
    struct bytes query; /* as sent, after the '?'; data is NULL without one */
    /* Values without surrounding white space. A field's lines are joined by ",
     * " (Cookie: "; "; Forwarded: '\n' after each line), which makes a repeated
     * Traceparent, User-Agent or X-Real-IP invalid. Host is taken from an
     * absolute target, if any. */
    struct bytes fields[REQUEST_FIELDS];
    uint8_t counts[REQUEST_FIELDS]; /* lines of each, UINT8_MAX at most */
    uint8_t minor;                  /* HTTP/1.<minor> */
    bool has_length;
    bool is_chunked;
    bool wants_upgrade;    /* Connection has "upgrade" (and HTTP/1.1) */
    bool wants_close;      /* Connection has "close" */
    bool wants_keep_alive; /* Connection has "keep-alive" */
    bool expects_continue; /* Expect: 100-continue (and HTTP/1.1) */
    uint64_t body_len;     /* of Content-Length */
};

static inline bool request_has_body(const struct request_head *head)
{
    return head->is_chunked || head->body_len;
}

/* RFC 9112 section 9.3. */
static inline bool request_wants_keep_alive(const struct request_head *head)
{
    return !head->wants_close && (head->minor || head->wants_keep_alive);
}

/* Whether a comma-separated list (RFC 9110 section 5.6.1) contains the word,
 * ignoring case. */
bool request_list_has(struct bytes list, const char *word);

/* The next parameter `name` of a query, percent-decoded ('+' stays '+') and
 * appended to `decoded`; `rest` is the query at first and then the rest of it.
 * data is NULL if there are no more. Invalid escapes are kept. */
struct bytes request_query_next(struct bytes *rest, const char *name,
                                struct buffer *decoded);

/* Whether a path is in normal form: only necessary characters are encoded (RFC
 * 3986 section 2.3), so that a proxy's path rules cannot be bypassed. */
bool request_path_is_plain(struct bytes path);

/* Appends the percent-decoded text (RFC 3986 section 2.1) to `out`; false for
 * an invalid escape. */
bool request_decode(struct bytes encoded, struct buffer *out);

#endif

#include "auth/token_source.h"

#include <strings.h>

#include "auth/words.h"
#include "messaging/verdict.h"

static struct bytes trim(struct bytes text)
{
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = bytes_skip(text, 1);
    while (text.len &&
           (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* Schemes other than Bearer are not tokens: a proxy in front may use them. */
static bool in_authorization(const struct handshake *handshake,
                             struct bytes *token)
{
    struct bytes rest = handshake->authorization;
    struct bytes scheme;
    if (!words_next(&rest, " \t", &scheme) || scheme.len != 6 ||
        strncasecmp(scheme.data, "Bearer", 6) != 0)
        return false;
    *token = trim(rest);
    return true;
}

static bool in_subprotocols(const struct handshake *handshake,
                            struct bytes *token)
{
    struct bytes prefix = BYTES_LITERAL(TOKEN_SOURCE_BEARER);
    struct bytes rest = handshake->subprotocols;
    struct bytes name;
    while (words_next(&rest, TOKEN_SOURCE_SEPARATORS, &name)) {
        if (bytes_start_with(name, prefix)) {
            *token = bytes_skip(name, prefix.len);
            return true;
        }
    }
    return false;
}

static struct bytes without_quotes(struct bytes value)
{
    if (value.len < 2 || value.data[0] != '"' ||
        value.data[value.len - 1] != '"')
        return value;
    return (struct bytes){value.data + 1, value.len - 2};
}

/* Browsers send cookies with requests of any page, so the page must be known:
 * by its Origin, which was already checked, or by Sec-Fetch-Site. Pages can set
 * neither, and a program that sets them must know the cookie. Sec-Fetch-Site is
 * not weaker: it is "cross-site" after a redirect by another site and for a
 * page of another scheme, and browsers that do not support it, or do not trust
 * the address (http), omit it. "null" is the origin of any sandboxed frame, so
 * it does not count even if listed. Several Cookie headers are joined by
 * spaces. */
static bool in_cookie(const struct handshake *handshake, struct bytes *token)
{
    struct bytes prefix = BYTES_LITERAL("peal_token=");
    struct bytes rest = handshake->cookie;
    struct bytes pair;
    if ((!handshake->origin.len && !handshake->is_same_origin) ||
        bytes_equal(handshake->origin, BYTES_LITERAL("null")))
        return false;
    while (words_next(&rest, "; \t", &pair)) {
        if (bytes_start_with(pair, prefix)) {
            *token = without_quotes(bytes_skip(pair, prefix.len));
            return token->len > 0;
        }
    }
    return false;
}

static bool in_query(const struct handshake *handshake, struct bytes *token)
{
    *token = handshake->query_token;
    return token->len > 0;
}

bool token_source_find(const struct handshake *handshake, bool query_token,
                       struct bytes *token)
{
    return in_authorization(handshake, token) ||
           in_subprotocols(handshake, token) || in_cookie(handshake, token) ||
           (query_token && in_query(handshake, token));
}

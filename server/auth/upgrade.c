#include "auth/upgrade.h"

#include <ctype.h>

#include "auth/token_source.h"
#include "auth/verdict.h"
#include "auth/words.h"

static bool check_method(const struct upgrade_rules *rules,
                         const struct handshake *handshake,
                         struct verdict *verdict)
{
    (void)rules;
    return bytes_equal(handshake->method, BYTES_LITERAL("GET")) ||
           verdict_refuse(verdict, 405, "Method not allowed", NULL, CLOSE_NONE);
}

static const struct bytes ws_prefix = {"/ws/", 4};

static bool check_path(const struct upgrade_rules *rules,
                       const struct handshake *handshake,
                       struct verdict *verdict)
{
    (void)rules;
    return bytes_start_with(handshake->path, ws_prefix) ||
           verdict_refuse(verdict, 404, "Not found", NULL, CLOSE_NONE);
}

static bool check_version(const struct upgrade_rules *rules,
                          const struct handshake *handshake,
                          struct verdict *verdict)
{
    (void)rules;
    return bytes_equal(handshake->version, BYTES_LITERAL("13")) ||
           verdict_refuse(verdict, 426, "Upgrade required",
                          "expected version 13", CLOSE_NONE);
}

/* 16 bytes in base64 (RFC 6455, section 4.2.1): 22 digits and "==". */
static bool is_key(struct bytes key)
{
    if (key.len != 24 || key.data[22] != '=' || key.data[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++) {
        unsigned char c = (unsigned char)key.data[i];
        if (c >= 0x80 || (!isalnum(c) && c != '+' && c != '/'))
            return false;
    }
    return true;
}

static bool check_key(const struct upgrade_rules *rules,
                      const struct handshake *handshake,
                      struct verdict *verdict)
{
    (void)rules;
    return is_key(handshake->key) ||
           verdict_refuse(verdict, 400, "Bad handshake",
                          "bad Sec-WebSocket-Key", CLOSE_NONE);
}

static bool check_client_id(const struct upgrade_rules *rules,
                            const struct handshake *handshake,
                            struct verdict *verdict)
{
    (void)rules;
    struct bytes id = bytes_skip(handshake->path, ws_prefix.len);
    if (!client_id_is_valid(id))
        return verdict_refuse(
            verdict, 400, "Invalid client id",
            "expected 1 to 128 of A-Z a-z 0-9 . _ ~ : @ + = -",
            CLOSE_BAD_MESSAGES);
    memcpy(verdict->client_id, id.data, id.len);
    verdict->client_id[id.len] = '\0';
    return true;
}

const char *upgrade_find_protocol(const char *const *protocols,
                                  struct bytes name)
{
    for (; *protocols; protocols++)
        if (bytes_equal(name, bytes_of(*protocols)))
            return *protocols;
    return NULL;
}

/* When a client offers names it must be answered with one of them, or with a
 * refusal: libwebsockets cannot open such a connection, so it cannot be
 * explained by a close frame either. */
static bool choose_offered(const struct upgrade_rules *rules,
                           struct bytes offer, struct verdict *verdict)
{
    bool has_name = false;
    struct bytes name;
    while (!verdict->protocol &&
           words_next(&offer, TOKEN_SOURCE_SEPARATORS, &name)) {
        if (bytes_start_with(name, BYTES_LITERAL(TOKEN_SOURCE_BEARER)))
            continue;
        has_name = true;
        verdict->protocol = upgrade_find_protocol(rules->protocols, name);
    }
    if (verdict->protocol)
        return true;
    return verdict_refuse(verdict, 400, "Unknown protocol",
                          has_name ? NULL : "name a protocol beside bearer.",
                          CLOSE_NONE);
}

static bool check_protocol(const struct upgrade_rules *rules,
                           const struct handshake *handshake,
                           struct verdict *verdict)
{
    if (handshake->subprotocols.len)
        return choose_offered(rules, handshake->subprotocols, verdict);
    verdict->protocol =
        handshake->query_protocol.len
            ? upgrade_find_protocol(rules->protocols, handshake->query_protocol)
            : rules->default_protocol;
    return verdict->protocol || verdict_refuse(verdict, 400, "Unknown protocol",
                                               NULL, CLOSE_BAD_MESSAGES);
}

bool upgrade_check(const struct upgrade_rules *rules,
                   const struct handshake *handshake, struct verdict *verdict)
{
    static bool (*const checks[])(const struct upgrade_rules *,
                                  const struct handshake *,
                                  struct verdict *) = {
        check_method, check_path,      check_version,
        check_key,    check_client_id, check_protocol,
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (!checks[i](rules, handshake, verdict))
            return false;
    return true;
}

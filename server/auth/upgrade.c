#include "auth/upgrade.h"

#include <ctype.h>
#include <stdio.h>

#include "auth/token_source.h"
#include "auth/words.h"
#include "messaging/verdict.h"

/* `endpoint` may be NULL. */
static bool check_method(const struct handshake *handshake,
                         const struct endpoint *endpoint,
                         struct verdict *verdict)
{
    bool is_post = endpoint && endpoint->kind == ENDPOINT_REQUEST;
    return bytes_equal(handshake->method, bytes_of(is_post ? "POST" : "GET")) ||
           verdict_refuse(verdict, REFUSAL_METHOD, NULL);
}

static bool check_version(const struct handshake *handshake,
                          struct verdict *verdict)
{
    return bytes_equal(handshake->version, BYTES_LITERAL("13")) ||
           verdict_refuse(verdict, REFUSAL_VERSION,
                          "Sec-WebSocket-Version must be 13");
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

static bool check_key(const struct handshake *handshake,
                      struct verdict *verdict)
{
    return is_key(handshake->key) ||
           verdict_refuse(verdict, REFUSAL_KEY, "bad Sec-WebSocket-Key");
}

/* A proxy may interpret path segments differently, so an id contains no
 * unencoded slash, and each path has one spelling. */
static bool check_client_id(const struct handshake *handshake, struct bytes id,
                            struct verdict *verdict)
{
    if (handshake->is_parted)
        return verdict_refuse(verdict, REFUSAL_CLIENT_ID,
                              "write a / in a client id as %2F");
    struct error why;
    if (!client_id_check(id, &why)) {
        snprintf(verdict->detail, sizeof verdict->detail, "client id %.110s",
                 why.text);
        return verdict_refuse(verdict, REFUSAL_CLIENT_ID, verdict->detail);
    }
    memcpy(verdict->client_id, id.data, id.len);
    verdict->client_id[id.len] = '\0';
    return true;
}

bool upgrade_may_be_default(const struct upgrade_rules *rules, const char *name)
{
    for (size_t i = 0; rules->protocols[i]; i++)
        if (strcmp(rules->protocols[i]->name, name) == 0 &&
            !rules->protocols[i]->is_for_operators)
            return true;
    return false;
}

/* If a client offers names, the response must select one of them, or refuse. */
static bool choose_offered(const struct upgrade_rules *rules,
                           const struct endpoint *endpoint, struct bytes offer,
                           struct verdict *verdict)
{
    bool has_name = false;
    struct bytes name;
    while (!verdict->protocol &&
           words_next(&offer, TOKEN_SOURCE_SEPARATORS, &name)) {
        if (bytes_start_with(name, BYTES_LITERAL(TOKEN_SOURCE_BEARER)))
            continue;
        has_name = true;
        verdict->protocol = protocol_find(rules->protocols, endpoint, name);
    }
    if (verdict->protocol)
        return true;
    return verdict_refuse(
        verdict, REFUSAL_PROTOCOL,
        has_name
            ? NULL
            : "Sec-WebSocket-Protocol must name a protocol besides bearer.");
}

/* The protocol of an endpoint that has only one. */
static const struct protocol *only_protocol(const struct upgrade_rules *rules,
                                            const struct endpoint *endpoint)
{
    const struct protocol *only = NULL;
    for (size_t i = 0; rules->protocols[i]; i++) {
        if (rules->protocols[i]->endpoint != endpoint)
            continue;
        if (only)
            return NULL;
        only = rules->protocols[i];
    }
    return only;
}

static const struct protocol *
default_protocol(const struct upgrade_rules *rules,
                 const struct endpoint *endpoint)
{
    const struct protocol *only = only_protocol(rules, endpoint);
    return only ? only
                : protocol_find(rules->protocols, endpoint,
                                bytes_of(rules->default_protocol));
}

static bool check_protocol(const struct upgrade_rules *rules,
                           const struct endpoint *endpoint,
                           const struct handshake *handshake,
                           struct verdict *verdict)
{
    if (handshake->subprotocols.len && endpoint->kind == ENDPOINT_WEBSOCKET)
        return choose_offered(rules, endpoint, handshake->subprotocols,
                              verdict);
    verdict->protocol = handshake->query_protocol.len
                            ? protocol_find(rules->protocols, endpoint,
                                            handshake->query_protocol)
                            : default_protocol(rules, endpoint);
    return verdict->protocol || verdict_refuse(verdict, REFUSAL_PROTOCOL, NULL);
}

static bool read_client(const struct upgrade_rules *rules,
                        const struct endpoint *endpoint,
                        const struct handshake *handshake, struct bytes rest,
                        struct verdict *verdict)
{
    if (endpoint->read)
        return endpoint->read(handshake, rest, verdict);
    return check_client_id(handshake, rest, verdict) &&
           check_protocol(rules, endpoint, handshake, verdict);
}

bool upgrade_check(const struct upgrade_rules *rules,
                   const struct handshake *handshake, struct verdict *verdict)
{
    struct bytes rest;
    const struct endpoint *endpoint =
        protocol_endpoint(rules->protocols, handshake->path, &rest);
    if (!check_method(handshake, endpoint, verdict))
        return false;
    if (!endpoint)
        return verdict_refuse(verdict, REFUSAL_PATH, NULL);
    if (endpoint->kind == ENDPOINT_WEBSOCKET &&
        !(check_version(handshake, verdict) && check_key(handshake, verdict)))
        return false;
    return read_client(rules, endpoint, handshake, rest, verdict);
}

#include "auth/auth.h"

#include <stdlib.h>

#include "auth/jwt.h"
#include "auth/jwt_algorithm.h"
#include "auth/origin.h"
#include "auth/token_source.h"
#include "auth/upgrade.h"
#include "auth/verdict.h"
#include "base/clock.h"
#include "base/memory.h"
#include "messaging/protocol.h"
#include "messaging/tickets.h"

/* All of it set once by auth_new. */
struct auth {
    struct jwk_set keys;
    struct jwt_rules rules;
    char *audience;
    char *issuer;
    struct text_list origins;
    bool query_token;
    bool certificates;
    struct upgrade_rules upgrade;
    struct caps *default_caps;
};

bool auth_origin_is_allowed(const struct auth *auth, struct bytes origin,
                            struct bytes host)
{
    if (origin_is_same(origin, host))
        return true;
    for (size_t i = 0; i < auth->origins.count; i++)
        if (origin_matches(auth->origins.items[i], origin))
            return true;
    return false;
}

/* Browsers always say where a page came from; others need not. */
static bool check_origin(const struct auth *auth,
                         const struct handshake *handshake,
                         struct verdict *verdict)
{
    return !handshake->origin.len ||
           auth_origin_is_allowed(auth, handshake->origin, handshake->host) ||
           verdict_refuse(verdict, 403, "Origin not allowed", NULL,
                          CLOSE_FORBIDDEN);
}

static bool refuse_token(struct verdict *verdict, const char *reason)
{
    return verdict_refuse(verdict, 401, "Invalid token", reason,
                          reason == jwt_expired ? CLOSE_TOKEN_EXPIRED
                                                : CLOSE_TOKEN_INVALID);
}

/* Gives the verdict an identity when the token is good and `client_id`'s. */
static bool judge_token(const struct auth *auth, struct bytes token,
                        const char *client_id, struct verdict *verdict)
{
    struct jwt_claims claims;
    const char *why;
    if (token.len > TOKEN_MAX)
        return refuse_token(verdict, "too long");
    if (!jwt_verify(&auth->keys, &auth->rules, token, clock_wall_ms() / 1000,
                    &claims, &why))
        return refuse_token(verdict, why);
    if (strcmp(claims.subject, client_id) != 0) {
        caps_unref(claims.caps);
        return verdict_refuse(verdict, 403, "Token is for another client", NULL,
                              CLOSE_FORBIDDEN);
    }
    verdict->identity = (struct identity){
        .caps = claims.caps ? claims.caps : caps_ref(auth->default_caps),
        .expires_seconds = claims.expires_seconds,
    };
    return true;
}

static bool let_in(const struct auth *auth, struct verdict *verdict)
{
    verdict->identity.caps = caps_ref(auth->default_caps);
    return true;
}

static bool is_for_dashboard(const struct verdict *verdict)
{
    return verdict->protocol &&
           strcmp(verdict->protocol, PROTOCOL_DASHBOARD) == 0;
}

/* Nothing else opens a dashboard, whether clients have to prove anything or
 * not. */
static bool ask_for_ticket(struct bytes ticket, struct verdict *verdict)
{
    if (!ticket.len)
        return verdict_refuse(verdict, 401, "Ticket required", NULL,
                              CLOSE_TOKEN_MISSING);
    verdict->status = VERDICT_TICKET;
    return false;
}

static bool check_token(const struct auth *auth,
                        const struct handshake *handshake,
                        struct verdict *verdict)
{
    struct bytes token;
    struct bytes ticket = handshake->query_ticket;
    if (is_for_dashboard(verdict))
        return ask_for_ticket(ticket, verdict);
    if (auth->keys.count &&
        token_source_find(handshake, auth->query_token && !ticket.len, &token))
        return judge_token(auth, token, verdict->client_id, verdict);
    if (ticket.len) {
        verdict->status = VERDICT_TICKET;
        return false;
    }
    if (!auth_is_configured(auth) || handshake->certificate_name.len)
        return let_in(auth, verdict);
    return verdict_refuse(verdict, 401,
                          auth->keys.count ? "Authorization header required"
                                           : "Client certificate required",
                          NULL, CLOSE_TOKEN_MISSING);
}

static bool check_certificate(const struct handshake *handshake,
                              struct verdict *verdict)
{
    struct bytes name = handshake->certificate_name;
    return !name.len || bytes_equal(name, bytes_of(verdict->client_id)) ||
           verdict_refuse(verdict, 403, "Certificate is for another client",
                          NULL, CLOSE_FORBIDDEN);
}

void auth_judge(const struct auth *auth, const struct handshake *handshake,
                struct verdict *verdict)
{
    *verdict = (struct verdict){.status = 101};
    if (upgrade_check(&auth->upgrade, handshake, verdict) &&
        check_origin(auth, handshake, verdict) &&
        check_certificate(handshake, verdict))
        check_token(auth, handshake, verdict);
}

static bool refuse_ticket(struct verdict *verdict)
{
    return verdict_refuse(verdict, 401, "Invalid ticket",
                          "unknown, used or too old", CLOSE_TOKEN_INVALID);
}

/* As ticket_content wrote it; the caps were checked before. */
static struct caps *read_caps(const struct auth *auth, struct bytes text)
{
    struct error error;
    if (!text.len)
        return caps_ref(auth->default_caps);
    struct json *json = json_parse(text, false, &error);
    struct caps *caps = json ? caps_parse(json, &error) : NULL;
    json_free(json);
    return caps;
}

static bool is_whose(struct bytes client, const struct verdict *verdict)
{
    bool opens_dashboard = client.len && *client.data == TICKET_FOR_DASHBOARD;
    return opens_dashboard == is_for_dashboard(verdict) &&
           bytes_equal(bytes_skip(client, opens_dashboard),
                       bytes_of(verdict->client_id));
}

void auth_judge_ticket(const struct auth *auth, const char *content,
                       struct verdict *verdict)
{
    struct bytes text = bytes_of(content);
    const char *blank = content ? strchr(content, ' ') : NULL;
    if (!blank) {
        refuse_ticket(verdict);
        return;
    }
    struct bytes client = {content, (size_t)(blank - content)};
    if (!is_whose(client, verdict)) {
        verdict_refuse(verdict, 403, "Ticket is for another client", NULL,
                       CLOSE_FORBIDDEN);
        return;
    }
    verdict->identity.caps = read_caps(auth, bytes_skip(text, client.len + 1));
    verdict->status = 101;
    if (is_for_dashboard(verdict))
        verdict->identity.expires_seconds =
            clock_wall_ms() / 1000 + DASHBOARD_SECONDS;
    if (!verdict->identity.caps)
        refuse_ticket(verdict);
}

void auth_judge_token(const struct auth *auth, struct bytes token,
                      const char *client_id, struct verdict *verdict)
{
    *verdict = (struct verdict){.status = 101};
    if (auth->keys.count)
        judge_token(auth, token, client_id, verdict);
    else
        let_in(auth, verdict);
}

/* --- building ------------------------------------------------------------ */

static bool add_file(struct jwk_set *keys, const char *option, const char *file,
                     bool (*add)(struct jwk_set *, const char *,
                                 struct error *),
                     struct error *error)
{
    struct error why;
    return add(keys, file, &why) ||
           error_set(error, "%s: %s", option, why.text);
}

static bool load_keys(struct auth *auth, const struct auth_options *options,
                      struct error *error)
{
    if (options->secret &&
        !jwk_set_add_secret(&auth->keys, options->secret, error))
        return false;
    if (options->key_file &&
        !add_file(&auth->keys, "auth.key_file", options->key_file,
                  jwk_set_add_public_pem, error))
        return false;
    return !options->jwks_file ||
           add_file(&auth->keys, "auth.jwks_file", options->jwks_file,
                    jwk_set_add_file, error);
}

/* The rules, and whether the keys can work under them. */
static bool set_rules(struct auth *auth, const struct auth_options *options,
                      struct error *error)
{
    unsigned allowed;
    if (!jwt_algorithm_set_of(&options->algorithms, &allowed, error))
        return false;
    if (auth->keys.count && !jwk_set_restrict(&auth->keys, allowed))
        return error_set(error, "auth.algorithms: none of them fits a key "
                                "that is configured");
    auth->rules = (struct jwt_rules){
        .algorithms = allowed,
        .audience = auth->audience,
        .issuer = auth->issuer,
        .leeway_seconds = options->leeway_seconds,
    };
    return true;
}

static bool copy_text(const char *option, const char *text, char **copy,
                      struct error *error)
{
    if (text && strlen(text) > JWT_NAME_MAX)
        return error_set(error, "%s: longer than %d bytes", option,
                         JWT_NAME_MAX);
    *copy = text ? memory_copy_text(text, strlen(text)) : NULL;
    return true;
}

static bool copy_origins(struct auth *auth, const struct text_list *origins,
                         struct error *error)
{
    for (size_t i = 0; i < origins->count; i++) {
        if (!origin_pattern_is_valid(origins->items[i]))
            return error_set(error,
                             "origins: expected https://example.com or "
                             "https://*.example.com, got \"%.128s\"",
                             origins->items[i]);
        text_list_add(&auth->origins, origins->items[i]);
    }
    return true;
}

static bool set_default_protocol(struct auth *auth, const char *name,
                                 struct error *error)
{
    struct upgrade_rules *rules = &auth->upgrade;
    rules->default_protocol =
        name ? upgrade_find_protocol(rules->protocols, bytes_of(name))
             : rules->protocols[0];
    if (rules->default_protocol &&
        strcmp(rules->default_protocol, PROTOCOL_DASHBOARD) == 0)
        rules->default_protocol = NULL; /* it is nobody's by default */
    return rules->default_protocol ||
           error_set(error, "default_protocol: unknown \"%.64s\"", name);
}

struct auth *auth_new(const struct auth_options *options,
                      const char *const *protocols, struct error *error)
{
    struct auth *auth = memory_new(1, sizeof *auth);
    auth->upgrade.protocols = protocols;
    auth->query_token = options->query_token;
    auth->certificates = options->certificates;
    auth->default_caps = caps_ref(options->default_caps);
    if (copy_text("auth.audience", options->audience, &auth->audience, error) &&
        copy_text("auth.issuer", options->issuer, &auth->issuer, error) &&
        copy_origins(auth, &options->origins, error) &&
        set_default_protocol(auth, options->default_protocol, error) &&
        load_keys(auth, options, error) && set_rules(auth, options, error))
        return auth;
    auth_free(auth);
    return NULL;
}

void auth_free(struct auth *auth)
{
    if (!auth)
        return;
    jwk_set_deinit(&auth->keys);
    text_list_deinit(&auth->origins);
    caps_unref(auth->default_caps);
    free(auth->audience);
    free(auth->issuer);
    free(auth);
}

bool auth_is_configured(const struct auth *auth)
{
    return auth->keys.count > 0 || auth->certificates;
}

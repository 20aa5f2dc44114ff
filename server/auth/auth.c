#include "auth/auth.h"

#include <stdlib.h>

#include "auth/jwt.h"
#include "auth/jwt_algorithm.h"
#include "auth/token_source.h"
#include "auth/upgrade.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/origin.h"
#include "messaging/protocol.h"
#include "messaging/store/tickets.h"
#include "messaging/verdict.h"

/* All of it set once by auth_new. */
struct auth {
    struct jwk_set keys;
    bool has_url; /* keys change: tokens are required even without any */
    atomic_bool *wants_keys;
    struct text_list warnings;
    struct jwt_rules rules;
    char *audience;
    char *issuer;
    char *client_claim;
    struct text_list origins;
    bool loopback_origins;
    bool loopback_hosts;
    bool query_token;
    bool certificates;
    bool tokens_optional;
    struct upgrade_rules upgrade;
    struct caps *default_caps;
};

bool auth_origin_is_allowed(const struct auth *auth, struct bytes origin,
                            struct bytes host, bool is_secure)
{
    if (origin_is_same(origin, host, is_secure) ||
        (auth->loopback_origins && origin_is_loopback(origin)))
        return true;
    for (size_t i = 0; i < auth->origins.count; i++)
        if (origin_matches(auth->origins.items[i], origin))
            return true;
    return false;
}

bool auth_host_is_allowed(const struct auth *auth, struct bytes host)
{
    return !auth->loopback_hosts || !host.len || origin_host_is_loopback(host);
}

static bool check_host(const struct auth *auth,
                       const struct handshake *handshake,
                       struct verdict *verdict)
{
    return auth_host_is_allowed(auth, handshake->host) ||
           verdict_refuse(verdict, REFUSAL_HOST,
                          "expected localhost or a loopback address");
}

/* Browsers always send the origin of a page; other clients may not. */
static bool check_origin(const struct auth *auth,
                         const struct handshake *handshake,
                         struct verdict *verdict)
{
    return !handshake->origin.len || verdict->is_origin_judged ||
           auth_origin_is_allowed(auth, handshake->origin, handshake->host,
                                  handshake->is_secure) ||
           verdict_refuse(verdict, REFUSAL_ORIGIN, NULL);
}

static bool takes_tokens(const struct auth *auth)
{
    return auth->keys.count > 0 || auth->has_url;
}

/* Sets the verdict's identity if the token is valid for `client_id`. */
static bool judge_token(const struct auth *auth, struct bytes token,
                        const char *client_id, struct verdict *verdict)
{
    struct jwt_claims claims;
    enum jwt_fault why;
    if (token.len > TOKEN_MAX)
        return verdict_refuse(verdict, REFUSAL_TOKEN_INVALID, "too long");
    if (!jwt_verify(&auth->keys, &auth->rules, token, clock_wall_ms() / 1000,
                    &claims, &why)) {
        if (auth->wants_keys &&
            (why == JWT_UNKNOWN_KEY || why == JWT_NO_KEY_FITS_ALGORITHM))
            *auth->wants_keys = true;
        return verdict_refuse(verdict,
                              why == JWT_EXPIRED ? REFUSAL_TOKEN_EXPIRED
                                                 : REFUSAL_TOKEN_INVALID,
                              jwt_fault_text(why));
    }
    if (strcmp(claims.subject, client_id) != 0) {
        jwt_claims_deinit(&claims);
        return verdict_refuse(verdict, REFUSAL_TOKEN_CLIENT, NULL);
    }
    verdict->identity = (struct identity){
        .caps = claims.caps ? claims.caps : caps_ref(auth->default_caps),
        .info = claims.info,
        .expires_seconds = claims.expires_seconds,
        .has_token = true,
        .generation = claims.generation,
    };
    return true;
}

static bool let_in(const struct auth *auth, struct verdict *verdict)
{
    verdict->identity.caps = caps_ref(auth->default_caps);
    return true;
}

static bool is_for_operators(const struct verdict *verdict)
{
    return verdict->protocol && verdict->protocol->is_for_operators;
}

/* Only a ticket opens a dashboard, even if authentication is off. */
static bool ask_for_ticket(struct bytes ticket, struct verdict *verdict)
{
    if (!ticket.len)
        return verdict_refuse(verdict, REFUSAL_TICKET_MISSING, NULL);
    verdict->status = VERDICT_TICKET;
    return false;
}

/* The client is identified later, see connection_identify. */
static bool let_in_anonymous(struct verdict *verdict)
{
    verdict->identity.caps = caps_nothing();
    verdict->identity.expires_seconds =
        clock_wall_ms() / 1000 + verdict->protocol->anonymous_seconds;
    return true;
}

static bool check_token(const struct auth *auth,
                        const struct handshake *handshake,
                        struct verdict *verdict)
{
    struct bytes token;
    struct bytes ticket = handshake->query_ticket;
    if (is_for_operators(verdict))
        return ask_for_ticket(ticket, verdict);
    if (verdict->identity.caps)
        return true; /* the endpoint has authenticated it */
    if (verdict->protocol->anonymous_seconds)
        return let_in_anonymous(verdict);
    if (takes_tokens(auth) &&
        token_source_find(handshake, auth->query_token && !ticket.len, &token))
        return judge_token(auth, token, verdict->client_id, verdict);
    if (ticket.len) {
        verdict->status = VERDICT_TICKET;
        return false;
    }
    if (!auth_is_configured(auth) || handshake->certificate_name.len)
        return let_in(auth, verdict);
    return verdict_refuse(verdict,
                          takes_tokens(auth) ? REFUSAL_TOKEN_MISSING
                                             : REFUSAL_CERTIFICATE_MISSING,
                          NULL);
}

static bool check_certificate(const struct handshake *handshake,
                              struct verdict *verdict)
{
    struct bytes name = handshake->certificate_name;
    return !name.len || !*verdict->client_id ||
           bytes_equal(name, bytes_of(verdict->client_id)) ||
           verdict_refuse(verdict, REFUSAL_CERTIFICATE_CLIENT, NULL);
}

void auth_judge(const struct auth *auth, const struct handshake *handshake,
                struct verdict *verdict)
{
    *verdict = (struct verdict){.status = 101};
    if (upgrade_check(&auth->upgrade, handshake, verdict) &&
        check_host(auth, handshake, verdict) &&
        check_origin(auth, handshake, verdict) &&
        check_certificate(handshake, verdict))
        check_token(auth, handshake, verdict);
    if (verdict->status != 101)
        identity_deinit(&verdict->identity);
}

/* ---- tickets ------------------------------------------------------------- */

static bool refuse_ticket(struct verdict *verdict)
{
    return verdict_refuse(verdict, REFUSAL_TICKET_INVALID,
                          "unknown, already used or expired");
}

/* Written by ticket_content; the caps were already checked. */
static struct caps *read_caps(const struct auth *auth, struct bytes text,
                              struct bytes client)
{
    struct error error;
    if (!text.len)
        return caps_ref(auth->default_caps);
    struct json *json = json_parse(text, false, &error);
    struct caps *caps = json ? caps_parse(json, &error) : NULL;
    json_free(json);
    if (caps)
        caps_take_literally(caps, client);
    return caps;
}

static bool is_whose(const struct ticket_view *ticket,
                     const struct verdict *verdict)
{
    bool opens_dashboard = ticket->kind == TICKET_FOR_DASHBOARD;
    return opens_dashboard == is_for_operators(verdict) &&
           bytes_equal(ticket->client, bytes_of(verdict->client_id));
}

void auth_judge_ticket(const struct auth *auth, const char *content,
                       struct verdict *verdict)
{
    struct ticket_view ticket;
    if (!content || !ticket_content_read(content, &ticket)) {
        refuse_ticket(verdict);
        return;
    }
    if (!is_whose(&ticket, verdict)) {
        verdict_refuse(verdict, REFUSAL_TICKET_CLIENT, NULL);
        return;
    }
    verdict->identity.caps = read_caps(auth, ticket.caps, ticket.client);
    if (ticket.info.len)
        verdict->identity.info =
            memory_copy_text(ticket.info.data, ticket.info.len);
    verdict->status = 101;
    if (is_for_operators(verdict))
        verdict->identity.expires_seconds =
            clock_wall_ms() / 1000 + DASHBOARD_SECONDS;
    if (verdict->identity.caps)
        return;
    identity_deinit(&verdict->identity);
    refuse_ticket(verdict);
}

void auth_judge_token(const struct auth *auth, struct bytes token,
                      const char *client_id, struct verdict *verdict)
{
    *verdict = (struct verdict){.status = 101};
    if (takes_tokens(auth))
        judge_token(auth, token, client_id, verdict);
    else
        let_in(auth, verdict);
}

/* --- building ------------------------------------------------------------ */

static void warn_of_skipped(struct auth *auth, const char *option,
                            const char *file)
{
    struct error text;
    const struct text_list *skipped = &auth->keys.skipped;
    for (size_t i = 0; i < skipped->count; i++) {
        error_set(&text, "%s: %.200s: skipped %s", option, file,
                  skipped->items[i]);
        text_list_add(&auth->warnings, text.text);
    }
    text_list_deinit(&auth->keys.skipped);
}

static bool add_file(struct auth *auth, const char *option, const char *file,
                     bool (*add)(struct jwk_set *, const char *,
                                 struct error *),
                     struct error *error)
{
    struct error why;
    if (!add(&auth->keys, file, &why))
        return error_set(error, "%s: %s", option, why.text);
    warn_of_skipped(auth, option, file);
    return true;
}

static bool add_fetched(struct auth *auth, const struct auth_options *options,
                        struct error *error)
{
    struct error why;
    if (!jwk_set_add_text(&auth->keys, bytes_of(options->jwks_text),
                          options->jwks_url, &why))
        return error_set(error, "auth.jwks_url: %s", why.text);
    text_list_deinit(&auth->keys.skipped); /* logged by jwks_fetcher */
    return true;
}

static bool load_keys(struct auth *auth, const struct auth_options *options,
                      struct error *error)
{
    if (options->secret &&
        !jwk_set_add_secret(&auth->keys, options->secret, error))
        return false;
    if (options->key_file && !add_file(auth, "auth.key_file", options->key_file,
                                       jwk_set_add_public_pem, error))
        return false;
    if (options->jwks_file &&
        !add_file(auth, "auth.jwks_file", options->jwks_file, jwk_set_add_file,
                  error))
        return false;
    if (options->own_keys &&
        !jwk_set_add_text(&auth->keys, bytes_of(options->own_keys),
                          "accounts.key_file", error))
        return false;
    return !options->jwks_text || add_fetched(auth, options, error);
}

/* Sets the rules, and checks that a key is usable under them. */
static bool set_rules(struct auth *auth, const struct auth_options *options,
                      struct error *error)
{
    unsigned allowed;
    if (!jwt_algorithm_set_of(&options->algorithms, &allowed, error))
        return false;
    if (auth->keys.count && !jwk_set_restrict(&auth->keys, allowed) &&
        !auth->has_url)
        return error_set(error,
                         "auth.algorithms: none matches a configured key");
    auth->rules = (struct jwt_rules){
        .algorithms = allowed,
        .audience = auth->audience,
        .issuer = auth->issuer,
        .client_claim = auth->client_claim,
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

static bool copy_claim(struct auth *auth, const char *claim,
                       struct error *error)
{
    if (claim && strlen(claim) > JWT_CLAIM_MAX)
        return error_set(error, "auth.client_claim: longer than %d bytes",
                         JWT_CLAIM_MAX);
    if (claim && jwt_claim_is_taken(claim))
        return error_set(error,
                         "auth.client_claim: \"%s\" already has a meaning; "
                         "expected a claim that contains the client id",
                         claim);
    return copy_text("auth.client_claim", claim, &auth->client_claim, error);
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
    size_t count = 0;
    while (rules->protocols[count] &&
           !(name && strcmp(rules->protocols[count]->name, name) == 0))
        count++;
    const struct protocol *named = rules->protocols[name ? count : 0];
    if (!named || !upgrade_may_be_default(rules, named->name))
        return error_set(error, "default_protocol: unknown \"%.64s\"", name);
    rules->default_protocol = named->name; /* which outlives the options */
    return true;
}

struct auth *auth_new(const struct auth_options *options,
                      const struct protocol *const *protocols,
                      struct error *error)
{
    struct auth *auth = memory_new(1, sizeof *auth);
    auth->upgrade.protocols = protocols;
    auth->query_token = options->query_token;
    auth->loopback_origins = options->loopback_origins;
    auth->loopback_hosts = options->loopback_hosts;
    auth->certificates = options->certificates;
    auth->tokens_optional = options->tokens_optional;
    auth->has_url = options->jwks_url != NULL;
    auth->wants_keys = options->wants_keys;
    auth->default_caps = caps_ref(options->default_caps);
    if (copy_text("auth.audience", options->audience, &auth->audience, error) &&
        copy_text("auth.issuer", options->issuer, &auth->issuer, error) &&
        copy_claim(auth, options->client_claim, error) &&
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
    text_list_deinit(&auth->warnings);
    text_list_deinit(&auth->origins);
    caps_unref(auth->default_caps);
    free(auth->audience);
    free(auth->issuer);
    free(auth->client_claim);
    free(auth);
}

const struct text_list *auth_warnings(const struct auth *auth)
{
    return &auth->warnings;
}

bool auth_has_keys(const struct auth *auth)
{
    return auth->keys.count > 0 || !auth->has_url;
}

bool auth_is_configured(const struct auth *auth)
{
    return (takes_tokens(auth) && !auth->tokens_optional) || auth->certificates;
}

/* Handshake checks: their order, and every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "fakes/fake_token.h"
#include "messaging/store/tickets.h"
#include "protocols/protocols.h"

#define B(text) BYTES_LITERAL(text)

/* Everything enabled, as a typical operator would. */
struct setup {
    struct auth_options options;
    struct auth *auth;
};

static struct auth_options options_with_keys(void)
{
    struct auth_options options = {
        .secret = (char *)FAKE_TOKEN_SECRET,
        .audience = (char *)"peal",
        .leeway_seconds = 5,
        .query_token = true,
        .default_protocol = (char *)"echo",
        .default_caps = caps_everything(),
    };
    text_list_add(&options.algorithms, "HS256");
    text_list_add(&options.origins, "https://example.com");
    text_list_add(&options.origins, "https://*.example.org");
    return options;
}

static void options_free(struct auth_options *options)
{
    caps_unref(options->default_caps);
    text_list_deinit(&options->algorithms);
    text_list_deinit(&options->origins);
}

static struct auth *build(const struct auth_options *options)
{
    struct error error = {0};
    struct auth *auth = auth_new(options, protocols, &error);
    if (!auth)
        fail_msg("%s", error.text);
    return auth;
}

static int set_up(void **state)
{
    struct setup *setup = memory_new(1, sizeof *setup);
    setup->options = options_with_keys();
    setup->auth = build(&setup->options);
    *state = setup;
    return 0;
}

static int tear_down(void **state)
{
    struct setup *setup = *state;
    auth_free(setup->auth);
    options_free(&setup->options);
    free(setup);
    return 0;
}

/* A token for `sub`, valid for `ttl` seconds, with more claims. */
static char *token_for(const char *sub, int ttl, const char *more)
{
    char payload[512];
    snprintf(payload, sizeof payload,
             "{\"sub\":\"%s\",\"exp\":%lld,\"aud\":\"peal\"%s}", sub,
             (long long)clock_wall_ms() / 1000 + ttl, more);
    return fake_token_of(payload);
}

/* A handshake of a browser without a token. */
static struct handshake plain(void)
{
    return (struct handshake){
        .method = B("GET"),
        .path = B("/ws/alice"),
        .version = B("13"),
        .key = B("dGhlIHNhbXBsZSBub25jZQ=="),
        .host = B("chat.example.com"),
    };
}

/* One way to make a handshake invalid, or none. */
struct row {
    const char *field; /* NULL: unchanged */
    const char *value;
    int status;
    const char *error;
    enum close_reason close;
};

static struct bytes *field_of(struct handshake *handshake, const char *name)
{
    const struct {
        const char *name;
        struct bytes *field;
    } fields[] = {
        {"method", &handshake->method},
        {"path", &handshake->path},
        {"version", &handshake->version},
        {"key", &handshake->key},
        {"host", &handshake->host},
        {"origin", &handshake->origin},
        {"authorization", &handshake->authorization},
        {"cookie", &handshake->cookie},
        {"subprotocols", &handshake->subprotocols},
        {"query_protocol", &handshake->query_protocol},
        {"query_token", &handshake->query_token},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].field;
    abort();
}

static void assert_verdict(const struct row *row, const struct verdict *verdict)
{
    const char *what = row->field ? row->field : "nothing";
    const char *value = row->value ? row->value : "";
    if (verdict->status != row->status)
        fail_msg("%s \"%s\": %d %s", what, value, verdict->status,
                 verdict->error ? verdict->error : "");
    if (row->status == 101) {
        assert_non_null(verdict->protocol);
        assert_non_null(verdict->identity.caps);
        caps_unref(verdict->identity.caps);
        return;
    }
    assert_string_equal(verdict->error, row->error);
    if (verdict->close != row->close)
        fail_msg("%s \"%s\": close %d", what, value, verdict->close);
    assert_null(verdict->identity.caps);
}

static void judge_rows(const struct auth *auth, struct handshake handshake,
                       const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct handshake changed = handshake;
        struct verdict verdict;
        if (rows[i].field)
            *field_of(&changed, rows[i].field) = bytes_of(rows[i].value);
        auth_judge(auth, &changed, &verdict);
        assert_verdict(&rows[i], &verdict);
    }
}

#define JUDGE_ROWS(auth, handshake, rows)                                      \
    judge_rows(auth, handshake, rows, sizeof rows / sizeof *rows)

#define LONG_ID                                                                \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"         \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void every_refusal_has_its_own_text(void **state)
{
    struct setup *setup = *state;
    char *token = token_for("alice", 60, "");
    struct handshake good = plain();
    good.query_token = bytes_of(token);
    static const struct row rows[] = {
        {NULL, NULL, 101, NULL, CLOSE_NONE},

        {"method", "POST", 405, "Method not allowed", CLOSE_NONE},
        {"query_protocol", "chess", 400, "Unknown protocol", CLOSE_NONE},

        {"origin", "https://chat.example.com", 101, NULL, CLOSE_NONE},
        {"origin", "https://example.com", 101, NULL, CLOSE_NONE},
        {"origin", "https://a.example.org", 101, NULL, CLOSE_NONE},
        {"origin", "https://evil.org", 403, "Origin not allowed",
         CLOSE_FORBIDDEN},
        {"origin", "http://example.com", 403, "Origin not allowed",
         CLOSE_FORBIDDEN},
        {"origin", "null", 403, "Origin not allowed", CLOSE_FORBIDDEN},

        {"query_token", "", 401, "Authorization header required",
         CLOSE_TOKEN_MISSING},
        {"query_token", "x", 401, "Invalid token", CLOSE_TOKEN_INVALID},
        {"authorization", "Bearer x", 401, "Invalid token",
         CLOSE_TOKEN_INVALID},
        {"path", "/ws/bob", 403, "Token is for another client",
         CLOSE_FORBIDDEN},
        {"path", "/ws/Alice", 403, "Token is for another client",
         CLOSE_FORBIDDEN},
        {"path", "/ws/" LONG_ID, 403, "Token is for another client",
         CLOSE_FORBIDDEN},
    };
    JUDGE_ROWS(setup->auth, good, rows);
    free(token);
}

/* At first everything is invalid; then one field after another is corrected,
 * and the next check fails. */
static void the_checks_have_a_fixed_order(void **state)
{
    struct setup *setup = *state;
    char *token = token_for("alice", 60, "");
    char bearer[1024];
    snprintf(bearer, sizeof bearer, "Bearer %s", token);
    const struct {
        const char *field;
        const char *value;
        const char *next; /* the next error */
    } steps[] = {
        {"method", "GET", "Not found"},
        {"path", "/ws/a\tb", "Upgrade required"},
        {"version", "13", "Bad handshake"},
        {"key", "dGhlIHNhbXBsZSBub25jZQ==", "Invalid client id"},
        {"path", "/ws/bob", "Unknown protocol"},
        {"query_protocol", "echo", "Origin not allowed"},
        {"origin", "https://example.com", "Invalid token"},
        {"authorization", bearer, "Token is for another client"},
    };
    struct handshake handshake = {
        .method = B("POST"),
        .path = B("/"),
        .origin = B("https://evil.org"),
        .authorization = B("Bearer x"),
        .query_protocol = B("chess"),
    };
    struct verdict verdict;
    auth_judge(setup->auth, &handshake, &verdict);
    assert_string_equal(verdict.error, "Method not allowed");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        *field_of(&handshake, steps[i].field) = bytes_of(steps[i].value);
        auth_judge(setup->auth, &handshake, &verdict);
        assert_string_equal(verdict.error, steps[i].next);
    }
    handshake.path = (struct bytes)B("/ws/alice");
    auth_judge(setup->auth, &handshake, &verdict);
    assert_int_equal(verdict.status, 101);
    caps_unref(verdict.identity.caps);
    free(token);
}

static void a_token_is_taken_from_each_place(void **state)
{
    struct setup *setup = *state;
    static const struct {
        const char *field;
        const char *format;
    } rows[] = {
        {"authorization", "Bearer %s"},
        {"subprotocols", "broadcast, bearer.%s"},
        {"subprotocols", "bearer.%s, broadcast"},
        {"cookie", "a=b; peal_token=%s"},
        {"query_token", "%s"},
    };
    char *token = token_for("alice", 60, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer text = {0};
        size_t before = strcspn(rows[i].format, "%");
        buffer_append(&text, (struct bytes){rows[i].format, before});
        buffer_append_text(&text, token);
        buffer_append_text(&text, rows[i].format + before + 2);
        struct handshake handshake = plain();
        handshake.origin = (struct bytes)B("https://example.com");
        *field_of(&handshake, rows[i].field) = buffer_bytes(&text);
        struct verdict verdict;
        auth_judge(setup->auth, &handshake, &verdict);
        assert_int_equal(verdict.status, 101);
        assert_string_equal(verdict.client_id, "alice");
        caps_unref(verdict.identity.caps);
        buffer_deinit(&text);
    }
    free(token);
}

static void the_reason_of_a_bad_token_is_kept(void **state)
{
    struct setup *setup = *state;
    const struct {
        char *token;
        const char *reason;
        enum close_reason close;
    } rows[] = {
        {token_for("alice", -6, ""), "expired", CLOSE_TOKEN_EXPIRED},
        {token_for("alice", 60, ",\"nbf\":99999999999"), "not yet valid",
         CLOSE_TOKEN_INVALID},
        {token_for("alice", 60, ",\"aud\":\"x\""), "wrong audience",
         CLOSE_TOKEN_INVALID},
        {token_for("alice", 60, ",\"caps\":7"), "bad caps",
         CLOSE_TOKEN_INVALID},
        {memory_copy_text("x", 1), "malformed", CLOSE_TOKEN_INVALID},
        {memory_new(1, 1), "malformed", CLOSE_TOKEN_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verdict verdict;
        auth_judge_token(setup->auth, bytes_of(rows[i].token), "alice",
                         &verdict);
        assert_int_equal(verdict.status, 401);
        assert_string_equal(verdict.error, "Invalid token");
        assert_string_equal(verdict.reason, rows[i].reason);
        assert_int_equal(verdict.close, rows[i].close);
        free(rows[i].token);
    }
}

static void a_too_long_token_is_refused(void **state)
{
    struct setup *setup = *state;
    struct verdict verdict;
    char *text = memory_new(TOKEN_MAX + 2, 1);
    memset(text, 'a', TOKEN_MAX + 1);
    auth_judge_token(setup->auth, bytes_of(text), "alice", &verdict);
    assert_string_equal(verdict.reason, "too long");
    text[TOKEN_MAX] = '\0';
    auth_judge_token(setup->auth, bytes_of(text), "alice", &verdict);
    assert_string_equal(verdict.reason, "malformed");
    free(text);
}

static void a_fresh_token_is_checked_without_a_handshake(void **state)
{
    struct setup *setup = *state;
    struct verdict verdict;
    char *token = token_for("alice", 60, "");
    auth_judge_token(setup->auth, bytes_of(token), "alice", &verdict);
    assert_int_equal(verdict.status, 101);
    assert_in_range(verdict.identity.expires_seconds,
                    clock_wall_ms() / 1000 + 60, clock_wall_ms() / 1000 + 65);
    caps_unref(verdict.identity.caps);
    auth_judge_token(setup->auth, bytes_of(token), "bob", &verdict);
    assert_int_equal(verdict.status, 403);
    assert_string_equal(verdict.error, "Token is for another client");
    free(token);
}

static void caps_come_from_the_token_or_the_config(void **state)
{
    struct setup *setup = *state;
    struct verdict verdict;
    struct bytes room = B("room");
    char *plain_token = token_for("alice", 60, "");
    char *caps_token =
        token_for("alice", 60,
                  ",\"caps\":[{\"channels\":[\"room\"],\"allow\":[\"sub\"]}]");
    auth_judge_token(setup->auth, bytes_of(plain_token), "alice", &verdict);
    assert_ptr_equal(verdict.identity.caps, setup->options.default_caps);
    caps_unref(verdict.identity.caps);
    auth_judge_token(setup->auth, bytes_of(caps_token), "alice", &verdict);
    assert_true(caps_allow(verdict.identity.caps, CAN_SUBSCRIBE, room));
    assert_false(caps_allow(verdict.identity.caps, CAN_PUBLISH, room));
    caps_unref(verdict.identity.caps);
    free(plain_token);
    free(caps_token);
}

static void without_keys_every_client_is_accepted(void **state)
{
    (void)state;
    struct auth_options options = options_with_keys();
    options.secret = NULL;
    struct auth *auth = build(&options);
    assert_false(auth_is_configured(auth));
    static const struct row rows[] = {
        {NULL, NULL, 101, NULL, CLOSE_NONE},
        {"authorization", "Bearer rubbish", 101, NULL, CLOSE_NONE},
        {"origin", "https://evil.org", 403, "Origin not allowed",
         CLOSE_FORBIDDEN},
        {"path", "/ws/", 400, "Invalid client id", CLOSE_NONE},
    };
    JUDGE_ROWS(auth, plain(), rows);

    struct verdict verdict;
    auth_judge_token(auth, (struct bytes)B("rubbish"), "alice", &verdict);
    assert_int_equal(verdict.status, 101);
    assert_int_equal(verdict.identity.expires_seconds, 0);
    caps_unref(verdict.identity.caps);
    auth_free(auth);
    options_free(&options);
}

static void assert_judged(const struct auth *auth,
                          const struct handshake *handshake, int status,
                          const char *error)
{
    struct verdict verdict;
    auth_judge(auth, handshake, &verdict);
    assert_int_equal(verdict.status, status);
    if (error)
        assert_string_equal(verdict.error, error);
    caps_unref(verdict.identity.caps);
}

static void a_certificate_replaces_a_token(void **state)
{
    struct setup *setup = *state;
    setup->options.certificates = true;
    struct auth *auth = build(&setup->options);
    struct handshake handshake = plain();
    assert_judged(auth, &handshake, 401, "Authorization header required");
    handshake.certificate_name = B("alice");
    assert_judged(auth, &handshake, 101, NULL);
    handshake.certificate_name = B("alic");
    assert_judged(auth, &handshake, 403, "Certificate is for another client");
    /* a valid token does not override another client's certificate */
    char *token = token_for("alice", 60, "");
    handshake.query_token = bytes_of(token);
    assert_judged(auth, &handshake, 403, "Certificate is for another client");
    /* an invalid token is refused, whatever the certificate */
    handshake.certificate_name = B("alice");
    assert_judged(auth, &handshake, 101, NULL);
    handshake.query_token = B("x.y.z");
    assert_judged(auth, &handshake, 401, "Invalid token");
    free(token);
    auth_free(auth);
}

static void without_keys_a_certificate_is_required(void **state)
{
    (void)state;
    struct auth_options options = {
        .default_protocol = (char *)"echo",
        .default_caps = caps_everything(),
        .certificates = true,
    };
    text_list_add(&options.algorithms, "HS256");
    struct auth *auth = build(&options);
    struct handshake handshake = plain();
    assert_true(auth_is_configured(auth));
    assert_judged(auth, &handshake, 401, "Client certificate required");
    handshake.certificate_name = B("alice");
    assert_judged(auth, &handshake, 101, NULL);
    auth_free(auth);
    options_free(&options);
}

static void a_query_token_is_refused_unless_allowed(void **state)
{
    (void)state;
    struct auth_options options = options_with_keys();
    options.query_token = false;
    struct auth *auth = build(&options);
    static const struct row rows[] = {
        {"query_token", "rubbish", 401, "Authorization header required",
         CLOSE_TOKEN_MISSING},
    };
    JUDGE_ROWS(auth, plain(), rows);
    auth_free(auth);
    options_free(&options);
}

static void assert_not_built(const struct auth_options *options,
                             const char *words)
{
    struct error error = {0};
    assert_null(auth_new(options, protocols, &error));
    if (!strstr(error.text, words))
        fail_msg("\"%s\" does not say \"%s\"", error.text, words);
}

static void invalid_options_are_named(void **state)
{
    (void)state;
    struct auth_options good = options_with_keys();
    struct auth_options options = good;
    options.secret = (char *)"short";
    assert_not_built(&options, "auth.secret: ");
    options = good;
    options.key_file = (char *)UNIT_DATA "/tokens.txt";
    assert_not_built(&options, "auth.key_file: ");
    options = good;
    options.jwks_file = (char *)UNIT_DATA "/tokens.txt";
    assert_not_built(&options, "auth.jwks_file: ");
    options = good;
    options.default_protocol = (char *)"chess";
    assert_not_built(&options, "default_protocol: unknown \"chess\"");
    options = good;
    options.secret = NULL;
    options.key_file = (char *)UNIT_DATA "/rsa.pem";
    assert_not_built(&options, "auth.algorithms: none matches");

    text_list_add(&good.origins, "example.com");
    assert_not_built(&good, "origins: ");
    text_list_add(&good.algorithms, "none");
    text_list_deinit(&good.origins);
    assert_not_built(&good, "auth.algorithms: unknown \"none\"");
    options_free(&good);
}

static void keys_may_come_from_several_places(void **state)
{
    (void)state;
    struct auth_options options = options_with_keys();
    options.audience = NULL;
    options.key_file = (char *)UNIT_DATA "/rsa.crt";
    options.jwks_file = (char *)UNIT_DATA "/jwks.json";
    text_list_add(&options.algorithms, "RS256");
    text_list_add(&options.algorithms, "ES256");
    struct auth *auth = build(&options);
    static const char *const names[] = {"HS256", "RS256", "ES256"};
    for (size_t i = 0; i < 3; i++) {
        struct verdict verdict;
        char *token = fake_token_read("tokens.txt", names[i]);
        auth_judge_token(auth, bytes_of(token), "alice", &verdict);
        assert_int_equal(verdict.status, 101);
        caps_unref(verdict.identity.caps);
        free(token);
    }
    auth_free(auth);
    options_free(&options);
}

/* A handshake with this protocol and a ticket with this content. */
static struct verdict judge_ticket(const struct setup *setup,
                                   const char *protocol, const char *content)
{
    const struct handshake handshake = {
        .method = B("GET"),
        .path = B("/ws/alice"),
        .version = B("13"),
        .key = B("dGhlIHNhbXBsZSBub25jZQ=="),
        .subprotocols = bytes_of(protocol),
        .query_ticket = B("0123456789abcdef0123456789abcdef"),
    };
    struct verdict verdict;
    auth_judge(setup->auth, &handshake, &verdict);
    assert_int_equal(verdict.status, VERDICT_TICKET);
    auth_judge_ticket(setup->auth, content, &verdict);
    caps_unref(verdict.identity.caps);
    return verdict;
}

static void a_ticket_is_for_a_dashboard_or_a_client(void **state)
{
    enum { CLIENT, DASHBOARD };
    static const char *const contents[] = {"calice\n\n", "dalice\n\n"};
    const struct setup *setup = *state;
    for (int i = CLIENT; i <= DASHBOARD; i++) {
        struct verdict verdict = judge_ticket(setup, "broadcast", contents[i]);
        assert_int_equal(verdict.status, i == CLIENT ? 101 : 403);
        verdict = judge_ticket(setup, "dashboard", contents[i]);
        assert_int_equal(verdict.status, i == DASHBOARD ? 101 : 403);
    }
    assert_int_equal(judge_ticket(setup, "dashboard", "dbob\n\n").status, 403);
    assert_int_equal(judge_ticket(setup, "dashboard", NULL).status, 401);
    assert_int_equal(judge_ticket(setup, "broadcast", "calice\n").status, 401);
}

static void a_dashboard_session_expires(void **state)
{
    const struct setup *setup = *state;
    int64_t now = clock_wall_ms() / 1000;
    struct verdict verdict = judge_ticket(setup, "dashboard", "dalice\n\n");
    assert_in_range(verdict.identity.expires_seconds, now + DASHBOARD_SECONDS,
                    now + DASHBOARD_SECONDS + 5);
    verdict = judge_ticket(setup, "broadcast", "calice\n\n");
    assert_int_equal(verdict.identity.expires_seconds, 0);
}

#define WITH_AUTH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_AUTH(every_refusal_has_its_own_text),
        WITH_AUTH(the_checks_have_a_fixed_order),
        WITH_AUTH(a_token_is_taken_from_each_place),
        WITH_AUTH(the_reason_of_a_bad_token_is_kept),
        WITH_AUTH(a_too_long_token_is_refused),
        WITH_AUTH(a_fresh_token_is_checked_without_a_handshake),
        WITH_AUTH(caps_come_from_the_token_or_the_config),
        WITH_AUTH(a_certificate_replaces_a_token),
        WITH_AUTH(a_ticket_is_for_a_dashboard_or_a_client),
        WITH_AUTH(a_dashboard_session_expires),
        cmocka_unit_test(without_keys_a_certificate_is_required),
        cmocka_unit_test(without_keys_every_client_is_accepted),
        cmocka_unit_test(a_query_token_is_refused_unless_allowed),
        cmocka_unit_test(invalid_options_are_named),
        cmocka_unit_test(keys_may_come_from_several_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Claims: requirements on the payload; the time is a parameter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "auth/jwt.h"

enum { NOW = 1700000000 };

#define SUB_EXP "\"sub\":\"alice\",\"exp\":1700000100"

struct row {
    const char *payload;
    const char *reason; /* NULL: valid */
};

static void assert_row(const struct row *row, const struct jwt_rules *rules)
{
    struct jwt_claims claims;
    enum jwt_fault fault = JWT_GOOD;
    bool ok =
        jwt_claims_read(bytes_of(row->payload), rules, NOW, &claims, &fault);
    const char *why = jwt_fault_text(fault);
    if (ok)
        caps_unref(claims.caps);
    assert_true(ok == !why);
    if (!why != !row->reason || (why && strcmp(why, row->reason) != 0))
        fail_msg("%s: %s", row->payload, why ? why : "accepted");
}

static void claims_are_checked(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{" SUB_EXP "}", NULL},
        {"{ \"exp\" : 1.7000001e9 , \"sub\" : \"alice\" }", NULL},
        {"{\"sub\":\"alice\",\"exp\":1700000000.5}", NULL},
        {"{" SUB_EXP ",\"nbf\":1699999999.5,\"iat\":1699999999}", NULL},
        {"{" SUB_EXP ",\"iat\":1800000000}", NULL},
        {"{" SUB_EXP ",\"aud\":\"x\",\"iss\":\"y\"}", NULL},
        {"{" SUB_EXP ",\"aud\":7,\"unknown\":{\"sub\":\"bob\"}}", NULL},
        {"{" SUB_EXP ",\"caps\":[]}", NULL},
        {"{" SUB_EXP ",\"nbf\":null,\"iat\":null,\"caps\":null,"
         "\"aud\":null,\"iss\":null}",
         NULL},
        {"{\"sub\":\"alice\",\"exp\":1.7000001e9}", NULL},

        {"", "malformed claims"},
        {"[]", "malformed claims"},
        {"null", "malformed claims"},
        {"{" SUB_EXP, "malformed claims"},
        {"{" SUB_EXP "} {}", "malformed claims"},
        {"{" SUB_EXP ",\"nbf\":01}", "malformed claims"},
        {"{" SUB_EXP ",\"nbf\":1e400}", "nbf is not a date"},
        {"{" SUB_EXP ",\"name\":\"\\ud83d\",\"n\":1e400}", NULL},

        {"{\"exp\":1700000100}", "sub is missing"},
        {"{\"sub\":-7,\"exp\":1700000100}", "sub is not a client id"},
        {"{\"sub\":7.5,\"exp\":1700000100}", "sub is not a client id"},
        {"{\"sub\":true,\"exp\":1700000100}", "sub is not a client id"},
        {"{\"sub\":null,\"exp\":1700000100}", "sub is missing"},
        {"{\"sub\":\"\",\"exp\":1700000100}", "sub is not a client id"},
        {"{\"sub\":\"a\\u009fb\",\"exp\":1700000100}",
         "sub is not a client id"},
        {"{\"sub\":\"a\\u0000b\",\"exp\":1700000100}",
         "sub is not a client id"},
        {"{\"sub\":[\"alice\"],\"exp\":1700000100}", "sub is not a client id"},

        {"{\"sub\":\"alice\"}", "exp is missing"},
        {"{\"sub\":\"alice\",\"exp\":\"1700000100\"}", "exp is not a date"},
        {"{\"sub\":\"alice\",\"exp\":null}", "exp is missing"},
        {"{\"sub\":\"alice\",\"exp\":true}", "exp is not a date"},
        {"{\"sub\":\"alice\",\"exp\":{}}", "exp is not a date"},
        {"{\"sub\":\"alice\",\"exp\":1e400}", "exp is not a date"},
        {"{\"sub\":\"alice\",\"exp\":-1e400}", "exp is not a date"},
        {"{\"sub\":\"alice\",\"exp\":1700000100000}", "exp is not a date"},
        {"{\"sub\":\"alice\",\"exp\":"
         "1700000100.0000000000000000000000000000001}",
         "exp is not a date"},
        {"{\"sub\":\"alice\",\"exp\":1700000000}", "expired"},
        {"{\"sub\":\"alice\",\"exp\":1699999999.9}", "expired"},
        {"{\"sub\":\"alice\",\"exp\":0}", "expired"},
        {"{\"sub\":\"alice\",\"exp\":-5}", "expired"},
        {"{" SUB_EXP ",\"exp\":1}", "expired"},

        {"{" SUB_EXP ",\"nbf\":1700000001}", "not yet valid"},
        {"{" SUB_EXP ",\"nbf\":1700000000.5}", "not yet valid"},
        {"{" SUB_EXP ",\"nbf\":\"0\"}", "nbf is not a date"},
        {"{" SUB_EXP ",\"iat\":\"0\"}", "iat is not a date"},

        {"{" SUB_EXP ",\"caps\":{}}", "bad caps"},
        {"{" SUB_EXP ",\"caps\":\"*\"}", "bad caps"},
        {"{" SUB_EXP ",\"caps\":[{}]}", "bad caps"},
        {"{" SUB_EXP ",\"caps\":[{\"channels\":[\"*\"],\"allow\":[\"all\"]}]}",
         "bad caps"},
        {"{" SUB_EXP ",\"caps\":[{\"channels\":[7],\"allow\":[\"sub\"]}]}",
         "bad caps"},
    };
    struct jwt_rules rules = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_row(&rows[i], &rules);
}

static void a_subject_has_128_bytes_at_most(void **state)
{
    (void)state;
    struct jwt_rules rules = {0};
    for (int len = 128; len <= 129; len++) {
        char payload[512];
        sprintf(payload, "{\"sub\":\"%0*d\",\"exp\":1700000100}", len, 0);
        struct row row = {payload,
                          len == 128 ? NULL : "sub is not a client id"};
        assert_row(&row, &rules);
    }
}

/* The client id of a token with this claim; empty if it is refused. */
static void assert_client(const char *claim, const char *raw,
                          const char *expected)
{
    char payload[1024];
    struct jwt_claims claims;
    enum jwt_fault why;
    const struct jwt_rules rules = {
        .client_claim = strcmp(claim, "sub") == 0 ? NULL : claim};
    snprintf(payload, sizeof payload, "{\"%s\":%s,\"exp\":1700000100}", claim,
             raw);
    bool ok = jwt_claims_read(bytes_of(payload), &rules, NOW, &claims, &why);
    assert_string_equal(ok ? claims.subject : "", expected);
}

static void a_client_id_may_have_any_issuers_format(void **state)
{
    (void)state;
    assert_client("sub", "\"auth0|5f7c\"", "auth0|5f7c");
    assert_client("sub", "\"DOMAIN\\\\user\"", "DOMAIN\\user");
    assert_client("sub", "\"jos\\u00e9\"", "jos\xc3\xa9");
    assert_client("sub", "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80");
    assert_client("sub", "\"\\ud83d\"", "");
    assert_client("sub", "\"Anna Maria\"", "Anna Maria");
}

static void a_client_id_may_be_a_whole_number(void **state)
{
    (void)state;
    assert_client("sub", "7", "7");
    assert_client("sub", "0", "0");
    assert_client("sub", "50.0", "50");
    assert_client("sub", "1e3", "1000");
    assert_client("sub", "12345678901234567890123", "12345678901234567890123");
}

static void another_claim_may_name_the_client(void **state)
{
    (void)state;
    char claim[JWT_CLAIM_MAX + 2];
    memset(claim, 'c', sizeof claim);
    claim[JWT_CLAIM_MAX] = '\0';
    assert_client("email", "\"o'brien@x.com\"", "o'brien@x.com");
    assert_client("https://example.com/id", "42", "42");
    assert_client(claim, "\"alice\"", "alice");
    static const struct row rows[] = {
        {"{\"sub\":\"alice\",\"exp\":1700000100}",
         "the claim named by auth.client_claim is missing"},
        {"{\"email\":\"\",\"exp\":1700000100}",
         "the claim named by auth.client_claim is not a client id"},
    };
    struct jwt_rules rules = {.client_claim = "email"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_row(&rows[i], &rules);
}

static void an_id_with_a_star_grants_no_more(void **state)
{
    (void)state;
    struct jwt_claims claims;
    enum jwt_fault why;
    const struct jwt_rules rules = {0};
    assert_true(jwt_claims_read(
        BYTES_LITERAL("{\"sub\":\"a*\",\"exp\":1700000100,\"caps\":[{"
                      "\"channels\":[\"inbox:a*\",\"news:*\"],"
                      "\"allow\":[\"sub\"]}]}"),
        &rules, NOW, &claims, &why));
    assert_false(
        caps_allow(claims.caps, CAN_SUBSCRIBE, BYTES_LITERAL("inbox:alice")));
    assert_true(
        caps_allow(claims.caps, CAN_SUBSCRIBE, BYTES_LITERAL("news:1")));
    caps_unref(claims.caps);
}

static void leeway_applies_to_exp_and_nbf(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{\"sub\":\"a\",\"exp\":1699999991}", NULL},
        {"{\"sub\":\"a\",\"exp\":1699999990}", "expired"},
        {"{\"sub\":\"a\",\"exp\":1700000100,\"nbf\":1700000010}", NULL},
        {"{\"sub\":\"a\",\"exp\":1700000100,\"nbf\":1700000011}",
         "not yet valid"},
    };
    struct jwt_rules rules = {0};
    rules.leeway_seconds = 10;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_row(&rows[i], &rules);
}

static void audience_and_issuer_are_checked_when_configured(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{" SUB_EXP ",\"aud\":\"peal\",\"iss\":\"us\"}", NULL},
        {"{" SUB_EXP ",\"aud\":[\"peal\"],\"iss\":\"us\"}", NULL},
        {"{" SUB_EXP ",\"aud\":[7,\"x\",\"peal\"],\"iss\":\"\\u0075s\"}", NULL},
        {"{" SUB_EXP ",\"iss\":\"us\"}", "wrong audience"},
        {"{" SUB_EXP ",\"aud\":\"Peal\",\"iss\":\"us\"}", "wrong audience"},
        {"{" SUB_EXP ",\"aud\":\"\",\"iss\":\"us\"}", "wrong audience"},
        {"{" SUB_EXP ",\"aud\":[],\"iss\":\"us\"}", "wrong audience"},
        {"{" SUB_EXP ",\"aud\":[[\"peal\"]],\"iss\":\"us\"}", "wrong audience"},
        {"{" SUB_EXP ",\"aud\":{\"peal\":1},\"iss\":\"us\"}", "wrong audience"},
        {"{" SUB_EXP ",\"aud\":null,\"iss\":\"us\"}", "wrong audience"},
        {"{" SUB_EXP ",\"aud\":\"peal\"}", "wrong issuer"},
        {"{" SUB_EXP ",\"aud\":\"peal\",\"iss\":\"them\"}", "wrong issuer"},
        {"{" SUB_EXP ",\"aud\":\"peal\",\"iss\":[\"us\"]}", "wrong issuer"},
    };
    struct jwt_rules rules = {0};
    rules.audience = "peal";
    rules.issuer = "us";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_row(&rows[i], &rules);
}

static void claims_are_read(void **state)
{
    (void)state;
    struct jwt_rules rules = {0};
    rules.leeway_seconds = 30;
    struct bytes payload =
        BYTES_LITERAL("{" SUB_EXP ",\"caps\":[{\"channels\":[\"chat:*\"],"
                      "\"allow\":[\"sub\"]}]}");
    struct jwt_claims claims;
    enum jwt_fault why;
    assert_true(jwt_claims_read(payload, &rules, NOW, &claims, &why));
    assert_string_equal(claims.subject, "alice");
    assert_int_equal(claims.expires_seconds, 1700000130);
    struct bytes name = BYTES_LITERAL("chat:1");
    assert_true(caps_allow(claims.caps, CAN_SUBSCRIBE, name));
    assert_false(caps_allow(claims.caps, CAN_PUBLISH, name));
    caps_unref(claims.caps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_are_checked),
        cmocka_unit_test(a_subject_has_128_bytes_at_most),
        cmocka_unit_test(a_client_id_may_have_any_issuers_format),
        cmocka_unit_test(a_client_id_may_be_a_whole_number),
        cmocka_unit_test(another_claim_may_name_the_client),
        cmocka_unit_test(an_id_with_a_star_grants_no_more),
        cmocka_unit_test(leeway_applies_to_exp_and_nbf),
        cmocka_unit_test(audience_and_issuer_are_checked_when_configured),
        cmocka_unit_test(claims_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

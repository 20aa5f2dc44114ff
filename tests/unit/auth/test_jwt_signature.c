/* Signatures, headers and the format of tokens, mostly invalid ones. The
 * payload does not matter here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/jwt_algorithm.h"
#include "auth/jwt_signature.h"
#include "base/memory.h"
#include "fakes/fake_keys.h"
#include "fakes/fake_token.h"

static const char *const algorithms[] = {"HS256", "HS384", "HS512", "RS256",
                                         "RS384", "RS512", "PS256", "PS384",
                                         "ES256", "ES384", "ES512"};

enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

static unsigned bit_of(const char *name)
{
    return jwt_algorithm_bit(jwt_algorithm_find(bytes_of(name)));
}

static char *stored(const char *name)
{
    return fake_token_read("tokens.txt", name);
}

/* A correctly signed token with this header. */
static char *with_header(const char *header)
{
    return fake_token(header, "{}", FAKE_TOKEN_SECRET);
}

/* NULL if the token opens, otherwise the reason. Frees the token. */
static const char *open_with(const struct jwk_set *keys, unsigned allowed,
                             char *token)
{
    struct jwt_payload payload;
    enum jwt_fault why = JWT_GOOD;
    bool ok =
        jwt_signature_open(keys, allowed, bytes_of(token), &payload, &why);
    if (ok)
        jwt_payload_close(&payload);
    free(token);
    assert_true(ok == !why);
    return jwt_fault_text(why);
}

static void assert_good(const struct jwk_set *keys, char *token)
{
    const char *why = open_with(keys, ~0u, token);
    if (why)
        fail_msg("refused: %s", why);
}

static void assert_refused(const struct jwk_set *keys, char *token,
                           const char *reason)
{
    const char *why = open_with(keys, ~0u, token);
    assert_non_null(why);
    assert_string_equal(why, reason);
}

/* --- RFC 7515, appendix A ------------------------------------------------ */

static void rfc_7515_vectors_open(void **state)
{
    (void)state;
    struct jwk_set keys = {0};
    fake_keys_add_jwks(&keys, "rfc7515_jwks.json");
    static const char *const names[] = {"A.1", "A.2", "A.3"};
    for (size_t i = 0; i < 3; i++) {
        char *token = fake_token_read("rfc7515.txt", names[i]);
        struct jwt_payload payload;
        enum jwt_fault why;
        if (!jwt_signature_open(&keys, ~0u, bytes_of(token), &payload, &why))
            fail_msg("%s: %s", names[i], jwt_fault_text(why));
        assert_true(bytes_equal(
            payload.text,
            BYTES_LITERAL("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                          "\"http://example.com/is_root\":true}")));
        jwt_payload_close(&payload);
        free(token);
    }
    jwk_set_deinit(&keys);
}

/* Appendix A.4 of RFC 8037, and the same with one bit of each part changed. */
static void rfc_8037_vectors_open(void **state)
{
    (void)state;
    static const char good[] =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt"
        "9g7sVvpAr_MuM0KAg";
    struct jwk_set keys = {0};
    struct jwt_payload payload;
    enum jwt_fault why;
    fake_keys_add_jwks(&keys, "rfc8037_jwks.json");
    assert_true(jwt_signature_open(&keys, ~0u, bytes_of(good), &payload, &why));
    assert_true(
        bytes_equal(payload.text, BYTES_LITERAL("Example of Ed25519 signing")));
    jwt_payload_close(&payload);

    static const size_t places[] = {30, 70, 110};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *changed = memory_copy_text(good, strlen(good));
        changed[places[i]] = changed[places[i]] == 'x' ? 'y' : 'x';
        assert_refused(&keys, changed, "bad signature");
    }
    assert_refused(&keys, memory_copy_text(good, strlen(good) - 2),
                   "bad signature");
    jwk_set_deinit(&keys);
}

/* Neither key signs for the other's algorithm, whatever the header says. */
static void an_edwards_key_fits_only_its_own_algorithm(void **state)
{
    (void)state;
    struct jwk_set keys = {0};
    fake_keys_add_jwks(&keys, "rfc8037_jwks.json");
    assert_refused(&keys, stored("ES256"), "no key fits the algorithm");
    assert_refused(&keys, stored("HS256"), "no key fits the algorithm");
    jwk_set_deinit(&keys);
    keys = fake_keys_all();
    assert_refused(&keys, with_header("{\"alg\":\"EdDSA\"}"),
                   "no key fits the algorithm");
    jwk_set_deinit(&keys);
}

static void rfc_7515_unsecured_token_is_refused(void **state)
{
    (void)state;
    struct jwk_set keys = {0};
    fake_keys_add_jwks(&keys, "rfc7515_jwks.json");
    assert_refused(&keys, fake_token_read("rfc7515.txt", "A.5"), "malformed");
    jwk_set_deinit(&keys);
}

/* --- algorithms and keys ------------------------------------------------- */

static void every_algorithm_verifies(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_all();
    for (size_t i = 0; i < ALGORITHMS; i++)
        assert_good(&keys, stored(algorithms[i]));
    jwk_set_deinit(&keys);
}

static void every_algorithm_verifies_with_a_key_set(void **state)
{
    (void)state;
    struct jwk_set keys = {0};
    fake_keys_add_jwks(&keys, "jwks.json");
    for (size_t i = 0; i < ALGORITHMS; i++)
        assert_good(&keys, stored(algorithms[i]));
    jwk_set_deinit(&keys);
}

static void a_certificate_can_be_used_as_a_key(void **state)
{
    (void)state;
    struct jwk_set keys = {0};
    fake_keys_add_pem(&keys, "rsa.crt");
    assert_good(&keys, stored("RS256"));
    jwk_set_deinit(&keys);
}

static void an_algorithm_not_on_the_list_is_refused(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_all();
    for (size_t i = 0; i < ALGORITHMS; i++) {
        unsigned allowed = ~bit_of(algorithms[i]);
        assert_string_equal(open_with(&keys, allowed, stored(algorithms[i])),
                            "algorithm not allowed");
    }
    jwk_set_deinit(&keys);
}

static void a_key_of_another_kind_is_never_tried(void **state)
{
    (void)state;
    static const char *const files[] = {"rsa.pem", "p256.pem", "p384.pem"};
    static const char *const fitting[] = {"RS256RS384RS512PS256PS384", "ES256",
                                          "ES384"};
    for (size_t i = 0; i < 3; i++) {
        struct jwk_set keys = {0};
        fake_keys_add_pem(&keys, files[i]);
        for (size_t j = 0; j < ALGORITHMS; j++) {
            if (strstr(fitting[i], algorithms[j]))
                assert_good(&keys, stored(algorithms[j]));
            else
                assert_refused(&keys, stored(algorithms[j]),
                               "no key fits the algorithm");
        }
        jwk_set_deinit(&keys);
    }
}

/* The classic attack: the public key is not secret, so anyone can compute
 * this. */
static void a_public_key_is_not_an_hmac_secret(void **state)
{
    (void)state;
    struct jwk_set keys = {0};
    fake_keys_add_pem(&keys, "rsa.pem");
    assert_refused(&keys, stored("confused-rsa"), "no key fits the algorithm");
    fake_keys_add_pem(&keys, "p256.pem");
    assert_refused(&keys, stored("confused-p256"), "no key fits the algorithm");
    jwk_set_deinit(&keys);

    keys = fake_keys_all();
    assert_refused(&keys, stored("confused-rsa"), "bad signature");
    jwk_set_deinit(&keys);
}

static void a_changed_algorithm_is_a_bad_signature(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_all();
    assert_refused(&keys, stored("rs256-as-ps256"), "bad signature");
    assert_refused(&keys, stored("es384-as-es256"), "bad signature");
    assert_refused(&keys, stored("rs256-by-another"), "bad signature");
    jwk_set_deinit(&keys);
}

static void unknown_algorithms_are_refused(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_all();
    static const char *const names[] = {
        "none", "None",   "NONE",  "nOnE",
        "",     "hs256",  "HS1",   "HS2567",
        "dir",  "ES256K", "Ed448", "a-very-long-algorithm-name"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char header[80];
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", names[i]);
        assert_refused(&keys, with_header(header), "algorithm not allowed");
    }
    jwk_set_deinit(&keys);
}

static void another_secret_is_a_bad_signature(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_secret();
    assert_refused(&keys,
                   fake_token("{\"alg\":\"HS256\"}", "{}",
                              "another secret, which is also long enough"),
                   "bad signature");
    jwk_set_deinit(&keys);
}

/* RFC 7518, section 3.2: a secret is at least as long as the hash. */
static void a_short_secret_is_only_for_the_short_hash(void **state)
{
    (void)state;
    struct error error;
    struct jwk_set keys = {0};
    assert_true(
        jwk_set_add_secret(&keys, "0123456789abcdef0123456789abcdef", &error));
    assert_int_equal(keys.items[0].algorithms, bit_of("HS256"));
    jwk_set_deinit(&keys);
}

/* --- kid ----------------------------------------------------------------- */

static void kid_selects_the_key(void **state)
{
    (void)state;
    struct jwk_set keys = {0};
    fake_keys_add_jwks(&keys, "jwks.json");
    assert_good(&keys, stored("RS256-kid-rsa"));
    assert_good(&keys, stored("PS256-kid-rsa-bound"));
    assert_good(&keys, stored("ES256-kid-p256"));
    /* of the wrong kind, bound to another algorithm, for encryption, missing */
    assert_refused(&keys, stored("RS256-kid-p256"), "unknown key");
    assert_refused(&keys, stored("RS256-kid-rsa-bound"), "unknown key");
    assert_refused(&keys, stored("RS256-kid-wrong-use"), "unknown key");
    assert_refused(&keys, stored("RS256-kid-nobody"), "unknown key");
    jwk_set_deinit(&keys);
}

static void a_key_without_a_kid_matches_any_kid(void **state)
{
    (void)state;
    struct jwk_set keys = {0};
    fake_keys_add_pem(&keys, "rsa.pem");
    assert_good(&keys, stored("RS256-kid-nobody"));
    jwk_set_deinit(&keys);
}

static void without_kid_each_fitting_key_is_tried(void **state)
{
    (void)state;
    struct error error;
    struct jwk_set keys = {0};
    for (int i = 0; i < 3; i++)
        assert_true(jwk_set_add_secret(
            &keys, "not the one, but long enough to be one", &error));
    assert_true(jwk_set_add_secret(&keys, FAKE_TOKEN_SECRET, &error));
    assert_good(&keys, stored("HS256"));
    assert_refused(&keys, stored("confused-rsa"), "bad signature");
    jwk_set_deinit(&keys);
}

/* --- headers ------------------------------------------------------------- */

static void bad_headers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *reason;
    } rows[] = {
        {"{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", "unknown critical header"},
        {"{\"alg\":\"HS256\",\"crit\":[]}", "unknown critical header"},
        {"{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}",
         "unknown critical header"},
        {"{}", "malformed header"},
        {"{\"typ\":\"JWT\"}", "malformed header"},
        {"[]", "malformed header"},
        {"\"HS256\"", "malformed header"},
        {"null", "malformed header"},
        {"{\"alg\":\"HS256\"", "malformed header"},
        {"{\"alg\":\"HS256\",}", "malformed header"},
        {"{\"alg\":\"HS256\"}x", "malformed header"},
        {"{\"alg\":1}", "algorithm not allowed"},
        {"{\"alg\":null}", "malformed header"},
        {"{\"alg\":[\"HS256\"]}", "algorithm not allowed"},
        {"{\"alg\":\"HS256\",\"alg\":\"none\"}", "algorithm not allowed"},
        {"{\"alg\":\"HS256\",\"kid\":7}", "unknown key"},
        {"{\"alg\":\"HS256\",\"kid\":\"\\ud800\"}", "unknown key"},
    };
    struct jwk_set keys = fake_keys_secret();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_refused(&keys, with_header(rows[i].header), rows[i].reason);
    jwk_set_deinit(&keys);
}

static void a_header_may_have_more_members(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_secret();
    assert_good(&keys, fake_token("{ \"typ\" : \"JWT\", \"alg\" : "
                                  "\"\\u0048S256\", \"x\" : {\"crit\":1} }",
                                  "{}", FAKE_TOKEN_SECRET));
    jwk_set_deinit(&keys);
}

static void a_huge_kid_is_refused(void **state)
{
    (void)state;
    char header[4096] = "{\"alg\":\"HS256\",\"kid\":\"";
    size_t len = strlen(header);
    memset(header + len, 'k', 2000);
    strcpy(header + len + 2000, "\"}");
    struct jwk_set keys = fake_keys_secret();
    assert_refused(&keys, with_header(header), "unknown key");
    jwk_set_deinit(&keys);
}

/* --- form ---------------------------------------------------------------- */

static void an_invalid_text_is_malformed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        ".",
        "..",
        "...",
        "a.b",
        "abcd",
        "abcd.abcd",
        "abcd.abcd.",
        ".abcd.abcd",
        "abcd..abcd",
        "abcd.abcd.abcd.",
        "abcd.abcd.abcd.abcd",
        "eyJhbGciOiJIUzI1NiJ9.e30.abc=",
        "eyJhbGciOiJIUzI1NiJ9.e30.ab+/",
        "eyJhbGciOiJIUzI1NiJ9.e30.ab c",
        "eyJhbGciOiJIUzI1NiJ9.e30.abcde",
        "eyJhbGciOiJIUzI1NiJ9.e30.\xc3\xa4\xc3\xa4",
        "Bearer eyJhbGciOiJIUzI1NiJ9.e30.abcd",
    };
    struct jwk_set keys = fake_keys_secret();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_refused(&keys, memory_copy_text(texts[i], strlen(texts[i])),
                       "malformed");
    jwk_set_deinit(&keys);
}

/* Also shows that libcjose never reads beyond a short signature: valgrind or
 * ASan would report it. */
static void a_truncated_token_is_refused(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_all();
    for (size_t i = 0; i < ALGORITHMS; i++) {
        char *token = stored(algorithms[i]);
        size_t len = strlen(token);
        for (size_t cut = 0; cut < len; cut++)
            assert_non_null(
                open_with(&keys, ~0u, memory_copy_text(token, cut)));
        free(token);
    }
    jwk_set_deinit(&keys);
}

static void a_changed_token_is_refused(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_all();
    for (size_t i = 0; i < ALGORITHMS; i++) {
        char *token = stored(algorithms[i]);
        size_t len = strlen(token);
        /* the last character may hold bits that are not part of a byte */
        for (size_t at = 0; at + 1 < len; at++) {
            char *changed = memory_copy_text(token, len);
            changed[at] = changed[at] == 'A' ? 'B' : 'A';
            assert_non_null(open_with(&keys, ~0u, changed));
        }
        free(token);
    }
    jwk_set_deinit(&keys);
}

static void a_longer_signature_is_refused(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_all();
    for (size_t i = 0; i < ALGORITHMS; i++) {
        char *token = stored(algorithms[i]);
        size_t len = strlen(token);
        char *longer = memory_new(len + 9, 1);
        sprintf(longer, "%sAAAAAAAA", token);
        free(token);
        assert_non_null(open_with(&keys, ~0u, longer));
    }
    jwk_set_deinit(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_7515_vectors_open),
        cmocka_unit_test(rfc_8037_vectors_open),
        cmocka_unit_test(an_edwards_key_fits_only_its_own_algorithm),
        cmocka_unit_test(rfc_7515_unsecured_token_is_refused),
        cmocka_unit_test(every_algorithm_verifies),
        cmocka_unit_test(every_algorithm_verifies_with_a_key_set),
        cmocka_unit_test(a_certificate_can_be_used_as_a_key),
        cmocka_unit_test(an_algorithm_not_on_the_list_is_refused),
        cmocka_unit_test(a_key_of_another_kind_is_never_tried),
        cmocka_unit_test(a_public_key_is_not_an_hmac_secret),
        cmocka_unit_test(a_changed_algorithm_is_a_bad_signature),
        cmocka_unit_test(unknown_algorithms_are_refused),
        cmocka_unit_test(another_secret_is_a_bad_signature),
        cmocka_unit_test(a_short_secret_is_only_for_the_short_hash),
        cmocka_unit_test(kid_selects_the_key),
        cmocka_unit_test(a_key_without_a_kid_matches_any_kid),
        cmocka_unit_test(without_kid_each_fitting_key_is_tried),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(a_header_may_have_more_members),
        cmocka_unit_test(a_huge_kid_is_refused),
        cmocka_unit_test(an_invalid_text_is_malformed),
        cmocka_unit_test(a_truncated_token_is_refused),
        cmocka_unit_test(a_changed_token_is_refused),
        cmocka_unit_test(a_longer_signature_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Complete tokens: verifying, signing, and verifying in many threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/jwt.h"
#include "base/memory.h"
#include "fakes/fake_keys.h"
#include "fakes/fake_token.h"

enum { NOW = 1700000000 };

static const char *const algorithms[] = {"HS256", "HS384", "HS512",
                                         "RS256", "RS384", "RS512",
                                         "PS256", "ES256", "ES384"};

enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

/* All algorithms, default options. */
static struct jwt_rules any_rules(void)
{
    return (struct jwt_rules){.algorithms = ~0u};
}

/* NULL if the token is valid, otherwise the reason. Frees the token. */
static const char *verdict(const struct jwk_set *keys,
                           const struct jwt_rules *rules, char *token)
{
    struct jwt_claims claims;
    enum jwt_fault why = JWT_GOOD;
    bool ok = jwt_verify(keys, rules, bytes_of(token), NOW, &claims, &why);
    if (ok)
        jwt_claims_deinit(&claims);
    free(token);
    assert_true(ok == !why);
    return jwt_fault_text(why);
}

static char *stored(const char *name)
{
    return fake_token_read("tokens.txt", name);
}

static void tokens_are_verified(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_secret();
    struct jwt_rules rules = any_rules();
    const char *good = "{\"sub\":\"alice\",\"exp\":1700000100}";
    const char *late = "{\"sub\":\"alice\",\"exp\":1600000000}";
    assert_null(verdict(&keys, &rules, fake_token_of(good)));
    assert_string_equal(verdict(&keys, &rules, fake_token_of(late)), "expired");
    assert_string_equal(verdict(&keys, &rules, stored("confused-rsa")),
                        "bad signature");
    jwk_set_deinit(&keys);
}

/* --- signing ------------------------------------------------------------- */

static void assert_signs(const struct jwk_set *signing,
                         const struct jwk_set *verifying)
{
    struct jwt_content content = {
        .subject = "alice",
        .issued_seconds = NOW,
        .expires_seconds = NOW + 60,
        .audience = "a \"quoted\" audience",
        .issuer = "us",
        .caps = "[{\"channels\":[\"*\"],\"allow\":[\"sub\"]}]",
    };
    struct error error = {0};
    struct buffer token = {0};
    if (!jwt_sign(signing, &content, &token, &error))
        fail_msg("%s", error.text);
    struct jwt_rules rules = any_rules();
    rules.audience = content.audience;
    rules.issuer = content.issuer;
    assert_null(
        verdict(verifying, &rules, memory_copy_text(token.data, token.len)));
    buffer_deinit(&token);
}

static void signed_tokens_verify(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_secret();
    assert_signs(&keys, &keys);
    jwk_set_deinit(&keys);
}

static void private_keys_sign(void **state)
{
    (void)state;
    static const char *const files[] = {
        UNIT_DATA "/rfc7515_rsa_private.pem",
        UNIT_DATA "/rfc7515_p256_private.pem",
    };
    struct jwk_set verifying = {0};
    fake_keys_add_jwks(&verifying, "rfc7515_jwks.json");
    for (size_t i = 0; i < 2; i++) {
        struct error error = {0};
        struct jwk_set signing = {0};
        if (!jwk_set_add_private_pem(&signing, files[i], &error))
            fail_msg("%s", error.text);
        assert_signs(&signing, &verifying);
        jwk_set_deinit(&signing);
    }
    jwk_set_deinit(&verifying);
}

static void a_public_key_cannot_sign(void **state)
{
    (void)state;
    struct error error;
    struct buffer out = {0};
    struct jwt_content content = {.subject = "alice"};
    struct jwk_set keys = {0};
    assert_false(jwt_sign(&keys, &content, &out, &error));
    assert_string_equal(error.text, "no key to sign with");
    fake_keys_add_pem(&keys, "rsa.pem");
    assert_false(jwt_sign(&keys, &content, &out, &error));
    assert_string_equal(error.text, "the key cannot sign");
    jwk_set_deinit(&keys);

    fake_keys_add_pem(&keys, "p256.pem");
    assert_false(jwt_sign(&keys, &content, &out, &error));
    assert_string_equal(error.text, "the key cannot sign");
    jwk_set_deinit(&keys);
    buffer_deinit(&out);
}

/* --- threads ------------------------------------------------------------- */

static void *verify_often(void *arg)
{
    const struct jwk_set *keys = arg;
    struct jwt_rules rules = any_rules();
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < ALGORITHMS; i++) {
            char *token = stored(algorithms[i]);
            if (verdict(keys, &rules, token))
                return (void *)algorithms[i];
        }
        if (!verdict(keys, &rules, stored("confused-rsa")))
            return "confused-rsa";
    }
    return NULL;
}

static void many_threads_share_the_keys(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_all();
    fake_keys_add_jwks(&keys, "jwks.json");
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &keys),
                         0);
    for (size_t i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        if (wrong)
            fail_msg("%s", (char *)wrong);
    }
    jwk_set_deinit(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_verified),
        cmocka_unit_test(signed_tokens_verify),
        cmocka_unit_test(private_keys_sign),
        cmocka_unit_test(a_public_key_cannot_sign),
        cmocka_unit_test(many_threads_share_the_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

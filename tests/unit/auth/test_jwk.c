/* Keys: what is accepted as one, and the error for everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth/jwk.h"
#include "auth/jwt_algorithm.h"
#include "fakes/fake_keys.h"

/* A temporary file with this text; the caller unlinks it. */
static void write_file(char path[32], const char *text)
{
    strcpy(path, "/tmp/test_jwk_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void assert_says(const struct error *error, const char *words)
{
    if (!strstr(error->text, words))
        fail_msg("\"%s\" does not say \"%s\"", error->text, words);
}

static void assert_set_refused(const char *text, const char *words)
{
    char path[32];
    struct error error = {0};
    struct jwk_set keys = {0};
    write_file(path, text);
    assert_false(jwk_set_add_file(&keys, path, &error));
    unlink(path);
    jwk_set_deinit(&keys);
    assert_says(&error, words);
}

static unsigned bits_of(const char *name)
{
    return jwt_algorithm_bit(jwt_algorithm_find(bytes_of(name)));
}

static void a_secret_needs_32_bytes(void **state)
{
    (void)state;
    struct error error = {0};
    struct jwk_set keys = {0};
    assert_false(
        jwk_set_add_secret(&keys, "0123456789abcdef0123456789abcde", &error));
    assert_says(&error, "auth.secret: expected at least 32 bytes, got 31");
    assert_false(jwk_set_add_secret(&keys, "", &error));
    assert_says(&error, "got 0");
    assert_true(
        jwk_set_add_secret(&keys, "0123456789abcdef0123456789abcdef", &error));
    assert_int_equal(keys.count, 1);
    jwk_set_deinit(&keys);
}

static void a_pem_key_is_not_a_secret(void **state)
{
    (void)state;
    struct error error = {0};
    struct jwk_set keys = {0};
    assert_false(jwk_set_add_secret(
        &keys, "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0\n",
        &error));
    assert_says(&error, "auth.key_file");
    jwk_set_deinit(&keys);
}

static void the_kind_of_key_determines_the_algorithms(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_all();
    assert_int_equal(keys.count, 5);
    assert_int_equal(keys.items[0].algorithms,
                     bits_of("HS256") | bits_of("HS384") | bits_of("HS512"));
    assert_int_equal(keys.items[1].algorithms,
                     bits_of("RS256") | bits_of("RS384") | bits_of("RS512") |
                         bits_of("PS256") | bits_of("PS384") |
                         bits_of("PS512"));
    assert_int_equal(keys.items[2].algorithms, bits_of("ES256"));
    assert_int_equal(keys.items[3].algorithms, bits_of("ES384"));
    assert_int_equal(keys.items[4].algorithms, bits_of("ES512"));
    jwk_set_deinit(&keys);
}

static void restrictions_remove_algorithms(void **state)
{
    (void)state;
    struct jwk_set keys = fake_keys_all();
    assert_true(jwk_set_restrict(&keys, bits_of("RS256") | bits_of("ES384")));
    assert_int_equal(keys.items[0].algorithms, 0);
    assert_int_equal(keys.items[1].algorithms, bits_of("RS256"));
    assert_false(jwk_set_restrict(&keys, bits_of("HS256")));
    jwk_set_deinit(&keys);
}

static void bad_pem_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *words;
    } rows[] = {
        {UNIT_DATA "/no-such-file.pem", "cannot be read"},
        {UNIT_DATA "/tokens.txt", "expected a PEM public key or certificate"},
        {UNIT_DATA "/rfc7515_rsa_private.pem", "expected a PEM public key"},
        {UNIT_DATA "/rsa1024.pem", "2048 bits"},
        {UNIT_DATA "/x25519.pem",
         "expected an RSA, P-256, P-384, P-521 or Ed25519 key"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error error = {0};
        struct jwk_set keys = {0};
        assert_false(jwk_set_add_public_pem(&keys, rows[i].file, &error));
        assert_int_equal(keys.count, 0);
        jwk_set_deinit(&keys);
        assert_says(&error, rows[i].file);
        assert_says(&error, rows[i].words);
    }
}

static void a_private_key_in_a_public_file_is_refused(void **state)
{
    (void)state;
    struct error error = {0};
    struct jwk_set keys = {0};
    assert_false(jwk_set_add_private_pem(&keys, UNIT_DATA "/rsa.pem", &error));
    assert_says(&error, "expected a PEM private key");
    jwk_set_deinit(&keys);
}

/* jwks.json contains eight keys, two of which are unusable. */
static void a_key_set_provides_its_signature_keys(void **state)
{
    (void)state;
    struct jwk_set keys = {0};
    fake_keys_add_jwks(&keys, "jwks.json");
    static const char *const names[] = {"p521", "rsa",  "rsa-bound",
                                        "p256", "p384", "secret"};
    assert_int_equal(keys.count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(keys.items[i].kid, names[i]);
    assert_int_equal(keys.items[2].algorithms, bits_of("PS256"));
    jwk_set_deinit(&keys);
}

#define EC_POINT                                                               \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                   \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define LONG_K "\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0g\""

static void bad_key_sets_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"", "jwk"},
        {"{", "jwk"},
        {"[]", "{\"keys\":[...]}"},
        {"{}", "{\"keys\":[...]}"},
        {"{\"keys\":{}}", "{\"keys\":[...]}"},
        {"{\"keys\":[]}", "contains no key"},
        {"{\"keys\":[7,null,[]]}", "key 1: unsupported key type"},
        {"{\"keys\":[{\"kty\":\"OKP\"}]}",
         "key 1: unsupported key type (kty OKP, crv none)"},
        {"{\"keys\":[{\"kty\":\"oct\"," LONG_K ",\"use\":\"enc\"}]}",
         "key 1: \"use\" or \"key_ops\" does not"},
        {"{\"keys\":[{\"kty\":\"oct\"," LONG_K ",\"use\":7}]}",
         "key 1: \"use\" or \"key_ops\" does not"},
        {"{\"keys\":[{\"kty\":\"oct\"," LONG_K ",\"key_ops\":[\"sign\"]}]}",
         "key 1: \"use\" or \"key_ops\" does not"},
        {"{\"keys\":[{\"kty\":\"oct\"," LONG_K ",\"alg\":\"none\"}]}",
         "key 1: unsupported \"alg\" (none)"},
        {"{\"keys\":[{\"kty\":\"oct\"," LONG_K ",\"alg\":7}]}",
         "key 1: unsupported \"alg\""},
        {"{\"keys\":[{\"kty\":\"oct\"," LONG_K ",\"alg\":\"RS256\"}]}",
         "key 1: \"alg\" does not match the key"},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"," EC_POINT
         ",\"alg\":\"HS256\"}]}",
         "key 1: \"alg\" does not match the key"},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"},{}]}",
         "key 1: the key is too short"},
        {"{\"keys\":[{\"kty\":\"oct\"}]}", "key 1: the key is malformed"},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"\"}]}", "key 1: the key is "},
        {"{\"keys\":[{\"kty\":\"RSA\"}]}", "key 1: the key is malformed"},
        {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
         "key 1: the key is too short"},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"}]}",
         "key 1: the key is malformed"},
        /* a point that is not on the curve */
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
         "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
         "\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}]}",
         "key 1: the key is malformed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_set_refused(rows[i].text, rows[i].words);
}

/* An identity provider may add an unusable key at any time. */
static void an_unusable_key_is_skipped_and_named(void **state)
{
    (void)state;
    static const char text[] =
        "{\"keys\":["
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"no-y\","
        "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"},"
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"},"
        "{\"kty\":\"oct\",\"k\":\"c2hvcnQ\",\"kid\":\"short\"},"
        "{\"kty\":\"oct\"," LONG_K ",\"alg\":\"RS256\"},"
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"},"
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"kid\":\"exchange\"},"
        "{\"kty\":\"oct\"," LONG_K ",\"kid\":\"enc\",\"use\":\"enc\"},"
        "{\"kty\":\"oct\"," LONG_K ",\"alg\":\"A256KW\"},"
        "{\"kty\":\"oct\"," LONG_K ",\"kid\":\"good\",\"use\":null,"
        "\"alg\":null,\"key_ops\":null}]}";
    static const char *const skipped[] = {
        "key 1 (kid \"no-y\"): the key is malformed",
        "key 2: the key is too short",
        "key 3 (kid \"short\"): the key is too short",
        "key 4: \"alg\" does not match the key",
        "key 5: the key is malformed",
        "key 6 (kid \"exchange\"): unsupported key type (kty OKP, crv "
        "X25519)",
        "key 7 (kid \"enc\"): \"use\" or \"key_ops\" does not allow verifying",
        "key 8: unsupported \"alg\" (A256KW)",
    };
    char path[32];
    struct error error = {0};
    struct jwk_set keys = {0};
    write_file(path, text);
    assert_true(jwk_set_add_file(&keys, path, &error));
    unlink(path);
    assert_int_equal(keys.count, 1);
    assert_string_equal(keys.items[0].kid, "good");
    assert_int_equal(keys.skipped.count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(keys.skipped.items[i], skipped[i]);
    jwk_set_deinit(&keys);
}

/* many.pem: RSA of 1024 bits, P-256, P-521, X25519. */
static void all_keys_of_a_pem_file_are_loaded(void **state)
{
    (void)state;
    struct error error = {0};
    struct jwk_set keys = {0};
    assert_true(jwk_set_add_public_pem(&keys, UNIT_DATA "/many.pem", &error));
    assert_int_equal(keys.count, 2);
    assert_int_equal(keys.items[0].algorithms, bits_of("ES256"));
    assert_int_equal(keys.items[1].algorithms, bits_of("ES512"));
    assert_int_equal(keys.skipped.count, 2);
    assert_non_null(strstr(keys.skipped.items[0], "key 1: expected an RSA"));
    assert_non_null(strstr(keys.skipped.items[1], "key 4: expected"));
    jwk_set_deinit(&keys);
}

/* The holder of the CA's key does not sign tokens. */
static void the_ca_of_a_chain_is_not_used_as_a_key(void **state)
{
    (void)state;
    struct error error = {0};
    struct jwk_set keys = {0};
    assert_true(jwk_set_add_public_pem(&keys, UNIT_DATA "/chain.crt", &error));
    assert_int_equal(keys.count, 1);
    assert_int_equal(keys.items[0].algorithms, bits_of("ES256"));
    assert_int_equal(keys.skipped.count, 1);
    assert_string_equal(keys.skipped.items[0], "key 2: a CA certificate");
    jwk_set_deinit(&keys);
}

static void the_size_of_a_key_set_is_limited(void **state)
{
    (void)state;
    char text[8192] = "{\"keys\":[{}";
    for (int i = 0; i < JWK_SET_MAX; i++)
        strcat(text, ",{}");
    strcat(text, "]}");
    assert_set_refused(text, "at most 64 keys");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_needs_32_bytes),
        cmocka_unit_test(a_pem_key_is_not_a_secret),
        cmocka_unit_test(the_kind_of_key_determines_the_algorithms),
        cmocka_unit_test(restrictions_remove_algorithms),
        cmocka_unit_test(bad_pem_files_are_refused),
        cmocka_unit_test(a_private_key_in_a_public_file_is_refused),
        cmocka_unit_test(a_key_set_provides_its_signature_keys),
        cmocka_unit_test(bad_key_sets_are_refused),
        cmocka_unit_test(an_unusable_key_is_skipped_and_named),
        cmocka_unit_test(all_keys_of_a_pem_file_are_loaded),
        cmocka_unit_test(the_ca_of_a_chain_is_not_used_as_a_key),
        cmocka_unit_test(the_size_of_a_key_set_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

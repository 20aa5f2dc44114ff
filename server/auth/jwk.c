#include "auth/jwk.h"

#include <stdlib.h>
#include <string.h>

#include <cjose/jwk.h>
#include <jansson.h>
#include <openssl/err.h>

#include "auth/jwk_pem.h"
#include "auth/jwt_algorithm.h"
#include "base/memory.h"

/* False for a kind that no algorithm of ours takes. */
static bool kind_of(const cjose_jwk_t *native, enum jwt_key_kind *kind)
{
    switch (cjose_jwk_get_kty(native, NULL)) {
    case CJOSE_JWK_KTY_OCT:
        *kind = JWT_KEY_SECRET;
        return true;
    case CJOSE_JWK_KTY_RSA:
        *kind = JWT_KEY_RSA;
        return true;
    case CJOSE_JWK_KTY_EC:
        break;
    }
    int curve = cjose_jwk_EC_get_curve(native, NULL);
    *kind = curve == CJOSE_JWK_EC_P_256 ? JWT_KEY_P256 : JWT_KEY_P384;
    return curve == CJOSE_JWK_EC_P_256 || curve == CJOSE_JWK_EC_P_384;
}

/* Takes `native`. False when the key fits no algorithm at all. */
static bool add_key(struct jwk_set *set, cjose_jwk_t *native)
{
    enum jwt_key_kind kind;
    size_t bits = cjose_jwk_get_keysize(native, NULL);
    unsigned algorithms =
        kind_of(native, &kind) ? jwt_algorithm_set_for(kind, bits) : 0;
    if (!algorithms) {
        cjose_jwk_release(native);
        return false;
    }
    json_object_seed(0); /* jansson wants this done before threads start */
    set->items = memory_resize(set->items, set->count + 1, sizeof *set->items);
    set->items[set->count++] = (struct jwk){
        .native = native,
        .algorithms = algorithms,
        .size_bytes = (unsigned)(bits / 8),
    };
    return true;
}

bool jwk_set_add_secret(struct jwk_set *set, const char *secret,
                        struct error *error)
{
    if (strncmp(secret, "-----BEGIN ", 11) == 0)
        return error_set(error, "auth.secret: holds a PEM key, which is no "
                                "secret; put its file into auth.key_file");
    cjose_jwk_t *native = cjose_jwk_create_oct_spec((const uint8_t *)secret,
                                                    strlen(secret), NULL);
    if (native && add_key(set, native))
        return true;
    return error_set(error,
                     "auth.secret: expected at least 32 bytes, got %zu (try: "
                     "openssl rand -hex 32)",
                     strlen(secret));
}

static bool add_pem(struct jwk_set *set, cjose_jwk_t *native, const char *file,
                    struct error *error)
{
    if (!native)
        return false;
    return add_key(set, native) ||
           error_set(error, "%s: expected an RSA key of 2048 bits or more",
                     file);
}

bool jwk_set_add_public_pem(struct jwk_set *set, const char *file,
                            struct error *error)
{
    return add_pem(set, jwk_pem_read_public(file, error), file, error);
}

bool jwk_set_add_private_pem(struct jwk_set *set, const char *file,
                             struct error *error)
{
    return add_pem(set, jwk_pem_read_private(file, error), file, error);
}

static bool text_is(json_t *jwk, const char *name, const char *text)
{
    const char *value = json_string_value(json_object_get(jwk, name));
    return value && strcmp(value, text) == 0;
}

/* "use" and "key_ops" (RFC 7517, sections 4.2 and 4.3), where given. */
static bool is_for_verifying(json_t *jwk)
{
    if (json_object_get(jwk, "use") && !text_is(jwk, "use", "sig"))
        return false;
    json_t *operations = json_object_get(jwk, "key_ops");
    size_t i;
    json_t *operation;
    json_array_foreach(operations, i, operation)
    {
        const char *name = json_string_value(operation);
        if (name && strcmp(name, "verify") == 0)
            return true;
    }
    return !operations;
}

static bool is_known_kind(json_t *jwk)
{
    return text_is(jwk, "kty", "oct") || text_is(jwk, "kty", "RSA") ||
           (text_is(jwk, "kty", "EC") &&
            (text_is(jwk, "crv", "P-256") || text_is(jwk, "crv", "P-384")));
}

/* A key's "alg" binds it to that one. 0: to one we do not know. */
static unsigned bound_to(json_t *jwk)
{
    json_t *alg = json_object_get(jwk, "alg");
    if (!alg)
        return ~0u;
    const struct jwt_algorithm *algorithm =
        jwt_algorithm_find(bytes_of(json_string_value(alg)));
    return algorithm ? jwt_algorithm_bit(algorithm) : 0;
}

/* Adds one member of a JSON Web Key Set, unless it is to be ignored. */
static bool add_member(struct jwk_set *set, json_t *jwk, const char *file,
                       size_t number, struct error *error)
{
    unsigned bound = bound_to(jwk);
    if (!is_known_kind(jwk) || !is_for_verifying(jwk) || !bound)
        return true;
    cjose_jwk_t *native = cjose_jwk_import_json((cjose_header_t *)jwk, NULL);
    ERR_clear_error();
    if (!native)
        return error_set(error, "%s: key %zu is broken", file, number);
    if (!add_key(set, native))
        return error_set(error, "%s: key %zu is too short", file, number);

    struct jwk *added = &set->items[set->count - 1];
    const char *kid = json_string_value(json_object_get(jwk, "kid"));
    added->kid = kid ? memory_copy_text(kid, strlen(kid)) : NULL;
    added->algorithms &= bound;
    return added->algorithms ||
           error_set(error, "%s: the \"alg\" of key %zu does not fit it", file,
                     number);
}

static bool add_members(struct jwk_set *set, json_t *root, const char *file,
                        struct error *error)
{
    json_t *keys = json_object_get(root, "keys");
    if (!json_is_array(keys) || json_array_size(keys) > JWK_SET_MAX)
        return error_set(error,
                         "%s: expected {\"keys\":[...]} with at most %d keys",
                         file, JWK_SET_MAX);
    size_t before = set->count;
    size_t i;
    json_t *jwk;
    json_array_foreach(keys, i, jwk)
    {
        if (!add_member(set, jwk, file, i + 1, error))
            return false;
    }
    return set->count > before ||
           error_set(error, "%s: no key in it is for signatures we know", file);
}

bool jwk_set_add_file(struct jwk_set *set, const char *file,
                      struct error *error)
{
    json_error_t why;
    json_t *root = json_load_file(file, 0, &why);
    if (!root)
        return error_set(error, "%s: %s", file, why.text);
    bool ok = add_members(set, root, file, error);
    json_decref(root);
    return ok;
}

bool jwk_set_restrict(struct jwk_set *set, unsigned allowed)
{
    bool any = false;
    for (size_t i = 0; i < set->count; i++) {
        set->items[i].algorithms &= allowed;
        any |= set->items[i].algorithms != 0;
    }
    return any;
}

void jwk_set_deinit(struct jwk_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        cjose_jwk_release(set->items[i].native);
        free(set->items[i].kid);
    }
    free(set->items);
    *set = (struct jwk_set){0};
}

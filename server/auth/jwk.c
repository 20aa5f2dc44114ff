#include "auth/jwk.h"

#include <stdlib.h>
#include <string.h>

#include <cjose/jwk.h>
#include <jansson.h>
#include <openssl/err.h>

#include "auth/jwk_pem.h"
#include "auth/jwt_algorithm.h"
#include "auth/jwt_edwards.h"
#include "base/memory.h"

/* False for a key type without a supported algorithm. */
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
    *kind = curve == CJOSE_JWK_EC_P_256   ? JWT_KEY_P256
            : curve == CJOSE_JWK_EC_P_384 ? JWT_KEY_P384
                                          : JWT_KEY_P521;
    return *kind != JWT_KEY_P521 || curve == CJOSE_JWK_EC_P_521;
}

static void append(struct jwk_set *set, struct jwk key)
{
    set->items = memory_resize(set->items, set->count + 1, sizeof *set->items);
    set->items[set->count++] = key;
}

/* Takes `edwards`; NULL: no key. */
static bool add_edwards(struct jwk_set *set, void *edwards)
{
    if (edwards)
        append(set, (struct jwk){.edwards = edwards,
                                 .algorithms = jwt_algorithm_set_for(
                                     JWT_KEY_ED25519, 256)});
    return edwards != NULL;
}

/* Takes `native`. False if the key matches no algorithm. */
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
    json_object_seed(0); /* jansson requires this before threads start */
    append(set, (struct jwk){.native = native,
                             .algorithms = algorithms,
                             .size_bytes = (unsigned)(bits / 8)});
    return true;
}

bool jwk_set_add_secret(struct jwk_set *set, const char *secret,
                        struct error *error)
{
    if (strncmp(secret, "-----BEGIN ", 11) == 0)
        return error_set(error, "auth.secret: contains a PEM key, not a shared "
                                "secret; set auth.key_file to its file");
    cjose_jwk_t *native = cjose_jwk_create_oct_spec((const uint8_t *)secret,
                                                    strlen(secret), NULL);
    if (native && add_key(set, native))
        return true;
    return error_set(error,
                     "auth.secret: expected at least 32 bytes, got %zu (try: "
                     "openssl rand -hex 32)",
                     strlen(secret));
}

/* --- skipping ------------------------------------------------------------ */

enum { KID_SHOWN = 64 };

/* `kid`: NULL for none. */
static void skip(struct jwk_set *set, size_t number, const char *kid,
                 const char *why)
{
    struct error text;
    if (kid)
        error_set(&text, "key %zu (kid \"%.*s\"): %s", number, KID_SHOWN, kid,
                  why);
    else
        error_set(&text, "key %zu: %s", number, why);
    text_list_add(&set->skipped, text.text);
}

/* Whether any key was added; `none` is the reason where none was skipped. */
static bool check_any(const struct jwk_set *set, size_t before,
                      size_t skipped_before, const char *file, const char *none,
                      struct error *error)
{
    if (set->count > before)
        return true;
    return error_set(error, "%s: %s", file,
                     set->skipped.count > skipped_before
                         ? set->skipped.items[skipped_before]
                         : none);
}

/* --- PEM files ----------------------------------------------------------- */

static const char unknown_kind[] =
    "expected an RSA, P-256, P-384, P-521 or Ed25519 key";
static const char too_short[] = "expected an RSA key of 2048 bits or more";

static void take_pem(void *arg, size_t number, void *pkey, const char *why)
{
    struct jwk_set *set = arg;
    if (pkey && add_edwards(set, jwt_edwards_share(pkey)))
        return;
    cjose_jwk_t *native = pkey ? jwk_pem_convert(pkey) : NULL;
    if (!native)
        skip(set, number, NULL, why ? why : unknown_kind);
    else if (!add_key(set, native))
        skip(set, number, NULL, too_short);
}

bool jwk_set_add_public_pem(struct jwk_set *set, const char *file,
                            struct error *error)
{
    size_t before = set->count;
    size_t skipped = set->skipped.count;
    return jwk_pem_read_public(file, take_pem, set, error) &&
           check_any(set, before, skipped, file, "contains no key", error);
}

bool jwk_set_add_private_pem(struct jwk_set *set, const char *file,
                             struct error *error)
{
    size_t before = set->count;
    size_t skipped = set->skipped.count;
    return jwk_pem_read_private(file, take_pem, set, error) &&
           check_any(set, before, skipped, file, "contains no key", error);
}

/* --- JSON Web Key Sets --------------------------------------------------- */

/* A null counts as a missing member. */
static json_t *member(json_t *jwk, const char *name)
{
    json_t *value = json_object_get(jwk, name);
    return json_is_null(value) ? NULL : value;
}

static bool text_is(json_t *jwk, const char *name, const char *text)
{
    const char *value = json_string_value(json_object_get(jwk, name));
    return value && strcmp(value, text) == 0;
}

/* "use" and "key_ops" (RFC 7517, sections 4.2 and 4.3), where given. */
static bool is_for_verifying(json_t *jwk)
{
    if (member(jwk, "use") && !text_is(jwk, "use", "sig"))
        return false;
    json_t *operations = member(jwk, "key_ops");
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

static bool is_edwards(json_t *jwk)
{
    return text_is(jwk, "kty", "OKP") && text_is(jwk, "crv", "Ed25519");
}

static bool is_known_kind(json_t *jwk)
{
    return text_is(jwk, "kty", "oct") || text_is(jwk, "kty", "RSA") ||
           is_edwards(jwk) ||
           (text_is(jwk, "kty", "EC") &&
            (text_is(jwk, "crv", "P-256") || text_is(jwk, "crv", "P-384") ||
             text_is(jwk, "crv", "P-521")));
}

/* A key's "alg" restricts it to one algorithm. 0: an unknown one. */
static unsigned bound_to(json_t *jwk)
{
    json_t *alg = member(jwk, "alg");
    if (!alg)
        return ~0u;
    const struct jwt_algorithm *algorithm =
        jwt_algorithm_find(bytes_of(json_string_value(alg)));
    return algorithm ? jwt_algorithm_bit(algorithm) : 0;
}

/* NULL if the key was added, otherwise the reason. */
static const char *try_add(struct jwk_set *set, json_t *jwk)
{
    static const char broken[] = "the key is malformed";
    if (is_edwards(jwk)) {
        struct bytes x = bytes_of(json_string_value(member(jwk, "x")));
        return add_edwards(set, jwt_edwards_new(x)) ? NULL : broken;
    }
    cjose_jwk_t *native = cjose_jwk_import_json((cjose_header_t *)jwk, NULL);
    ERR_clear_error();
    if (!native)
        return broken;
    return add_key(set, native) ? NULL : "the key is too short";
}

static void release(struct jwk *key)
{
    cjose_jwk_release(key->native);
    jwt_edwards_free(key->edwards);
    free(key->kid);
}

static const char *shown(json_t *jwk, const char *name)
{
    const char *text = json_string_value(member(jwk, name));
    return text ? text : "none";
}

/* NULL, or why the key is not usable; `text` is storage for a reason. */
static const char *unfit(json_t *jwk, struct error *text)
{
    if (!is_known_kind(jwk))
        error_set(text, "unsupported key type (kty %.16s, crv %.16s)",
                  shown(jwk, "kty"), shown(jwk, "crv"));
    else if (!is_for_verifying(jwk))
        return "\"use\" or \"key_ops\" does not allow verifying";
    else if (!bound_to(jwk))
        error_set(text, "unsupported \"alg\" (%.16s)", shown(jwk, "alg"));
    else
        return NULL;
    return text->text;
}

/* Adds one member of a JSON Web Key Set, or records why it is skipped. */
static void add_member(struct jwk_set *set, json_t *jwk, size_t number)
{
    struct error text;
    const char *kid = json_string_value(json_object_get(jwk, "kid"));
    const char *why = unfit(jwk, &text);
    if (!why)
        why = try_add(set, jwk);
    if (why) {
        skip(set, number, kid, why);
        return;
    }
    struct jwk *added = &set->items[set->count - 1];
    added->kid = kid ? memory_copy_text(kid, strlen(kid)) : NULL;
    added->algorithms &= bound_to(jwk);
    if (added->algorithms)
        return;
    skip(set, number, kid, "\"alg\" does not match the key");
    release(added);
    set->count--;
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
    size_t skipped = set->skipped.count;
    size_t i;
    json_t *jwk;
    json_array_foreach(keys, i, jwk)
    {
        add_member(set, jwk, i + 1);
    }
    return check_any(set, before, skipped, file, "contains no key", error);
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

bool jwk_set_add_text(struct jwk_set *set, struct bytes text, const char *name,
                      struct error *error)
{
    json_error_t why;
    json_t *root = json_loadb(text.data ? text.data : "", text.len, 0, &why);
    if (!root)
        return error_set(error, "%s: %s", name, why.text);
    bool ok = add_members(set, root, name, error);
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
    for (size_t i = 0; i < set->count; i++)
        release(&set->items[i]);
    free(set->items);
    text_list_deinit(&set->skipped);
    *set = (struct jwk_set){0};
}

#include "auth/jwt_algorithm.h"

static const struct jwt_algorithm table[] = {
    {"HS256", JWT_KEY_SECRET, 256, 32},  {"HS384", JWT_KEY_SECRET, 384, 48},
    {"HS512", JWT_KEY_SECRET, 512, 64},  {"RS256", JWT_KEY_RSA, 2048, 0},
    {"RS384", JWT_KEY_RSA, 2048, 0},     {"RS512", JWT_KEY_RSA, 2048, 0},
    {"PS256", JWT_KEY_RSA, 2048, 0},     {"PS384", JWT_KEY_RSA, 2048, 0},
    {"PS512", JWT_KEY_RSA, 2048, 0},     {"ES256", JWT_KEY_P256, 256, 64},
    {"ES384", JWT_KEY_P384, 384, 96},    {"ES512", JWT_KEY_P521, 521, 132},
    {"EdDSA", JWT_KEY_ED25519, 256, 64},
};

enum { ROWS = sizeof table / sizeof *table };

const struct jwt_algorithm *jwt_algorithm_find(struct bytes name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (bytes_equal(name, bytes_of(table[i].name)))
            return &table[i];
    return NULL;
}

const struct jwt_algorithm *jwt_algorithm_first(unsigned set)
{
    for (size_t i = 0; i < ROWS; i++)
        if (set & jwt_algorithm_bit(&table[i]))
            return &table[i];
    return NULL;
}

unsigned jwt_algorithm_bit(const struct jwt_algorithm *algorithm)
{
    return 1u << (algorithm - table);
}

unsigned jwt_algorithm_set_for(enum jwt_key_kind kind, size_t key_bits)
{
    unsigned set = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (table[i].kind == kind && table[i].key_bits <= key_bits)
            set |= jwt_algorithm_bit(&table[i]);
    return set;
}

bool jwt_algorithm_set_of(const struct text_list *names, unsigned *set,
                          struct error *error)
{
    *set = 0;
    for (size_t i = 0; i < names->count; i++) {
        const struct jwt_algorithm *algorithm =
            jwt_algorithm_find(bytes_of(names->items[i]));
        if (!algorithm)
            return error_set(error,
                             "auth.algorithms: unknown \"%.32s\"; expected "
                             "HS256, HS384, HS512, RS256, RS384, RS512, "
                             "PS256, PS384, PS512, ES256, ES384, ES512 or "
                             "EdDSA",
                             names->items[i]);
        *set |= jwt_algorithm_bit(algorithm);
    }
    return true;
}

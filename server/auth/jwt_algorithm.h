/* jwt_algorithm: the signature algorithms a token may use, in one table.
 *
 * Only this table assigns key types to algorithms, so that a public key can
 * never serve as a shared secret. "none" has no row.
 *
 * Owner:   the table is static.
 * Thread:  any.
 * Limits:  at most 32 rows: a set of algorithms is a word of bits.
 * Failure: NULL for a name that is not in the table.
 */
#ifndef PEAL_AUTH_JWT_ALGORITHM_H
#define PEAL_AUTH_JWT_ALGORITHM_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/text_list.h"

enum jwt_key_kind {
    JWT_KEY_SECRET,
    JWT_KEY_RSA,
    JWT_KEY_P256,
    JWT_KEY_P384,
    JWT_KEY_P521,
    JWT_KEY_ED25519
};

struct jwt_algorithm {
    const char *name;         /* as in RFC 7518, 3.1; RFC 8037 */
    enum jwt_key_kind kind;   /* the only key type it accepts */
    unsigned key_bits;        /* the shortest key (sections 3.2, 3.3) */
    unsigned signature_bytes; /* 0: as long as the key */
};

/* NULL when the name is not in the table. */
const struct jwt_algorithm *jwt_algorithm_find(struct bytes name);

/* The first algorithm of a set in table order; NULL if it is empty. */
const struct jwt_algorithm *jwt_algorithm_first(unsigned set);

/* The bit of an algorithm in a set. */
unsigned jwt_algorithm_bit(const struct jwt_algorithm *algorithm);

/* The set of algorithms for a key of this type and length. */
unsigned jwt_algorithm_set_for(enum jwt_key_kind kind, size_t key_bits);

/* The set of algorithms listed in `names`; false and the reason if one is not
 * in the table. */
bool jwt_algorithm_set_of(const struct text_list *names, unsigned *set,
                          struct error *error);

#endif

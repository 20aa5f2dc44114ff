/* jwk: the keys that signatures are checked with.
 *
 * Owner:   a set owns its keys; jwk_set_deinit frees them.
 * Thread:  keys are added by one thread; a set that no longer changes may be
 *          used by any number of threads at once.
 * Limits:  secrets of 32 bytes and more, RSA keys of 2048 bits and more; a
 *          JSON Web Key Set has at most JWK_SET_MAX keys.
 * Failure: adding says in words which option is wrong, and why. A key that is
 *          skipped among others is listed in the set.
 */
#ifndef PEAL_AUTH_JWK_H
#define PEAL_AUTH_JWK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/text_list.h"

enum { JWK_SET_MAX = 64 };

struct jwk {
    void *native;        /* libcjose's key, for jwk*.c and jwt*.c alone */
    void *edwards;       /* or one of jwt_edwards.h, which libcjose has not */
    char *kid;           /* the key's name; NULL: none */
    unsigned algorithms; /* the only ones it may check */
    unsigned size_bytes; /* how long an RSA signature is */
};

/* A zeroed struct is an empty set. */
struct jwk_set {
    struct jwk *items;
    size_t count;
    struct text_list skipped; /* keys that cannot be used: which, and why */
};

/* A shared secret: its bytes as they stand. */
bool jwk_set_add_secret(struct jwk_set *set, const char *secret,
                        struct error *error);

/* All public keys and certificates in a PEM file. Those that cannot be used
 * are skipped; at least one must be usable. */
bool jwk_set_add_public_pem(struct jwk_set *set, const char *file,
                            struct error *error);

/* The first private key in a PEM file: for signing. */
bool jwk_set_add_private_pem(struct jwk_set *set, const char *file,
                             struct error *error);

/* All keys of a JSON Web Key Set that are for signatures and of a kind we
 * know. Others, and those that are broken or too short, are skipped (RFC 7517,
 * section 5); at least one must be usable. */
bool jwk_set_add_file(struct jwk_set *set, const char *file,
                      struct error *error);

/* The same from a text, which `name` stands for in errors. */
bool jwk_set_add_text(struct jwk_set *set, struct bytes text, const char *name,
                      struct error *error);

/* Takes from every key the algorithms that are not in the set `allowed`, and
 * tells whether any key has one left. */
bool jwk_set_restrict(struct jwk_set *set, unsigned allowed);

void jwk_set_deinit(struct jwk_set *set);

#endif

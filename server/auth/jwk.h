/* jwk: keys that verify signatures.
 *
 * Owner:   a set owns its keys; jwk_set_deinit frees them.
 * Thread:  keys are added by one thread; a set that no longer changes may be
 *          used by any number of threads at once.
 * Limits:  secrets of 32 bytes and more, RSA keys of 2048 bits and more; a JSON
 *          Web Key Set has at most JWK_SET_MAX keys.
 * Failure: adding reports the invalid option and the reason. Keys skipped among
 *          others are listed in the set.
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
    void *native;  /* libcjose's key, for jwk*.c and jwt*.c alone */
    void *edwards; /* or an Ed25519 key (jwt_edwards.h), which libcjose lacks */
    char *kid;     /* key id; NULL: none */
    unsigned algorithms; /* algorithms it may verify */
    unsigned size_bytes; /* length of an RSA signature */
};

/* A zeroed struct is an empty set. */
struct jwk_set {
    struct jwk *items;
    size_t count;
    struct text_list skipped; /* unusable keys, with reasons */
};

/* Adds a shared secret: its bytes unchanged. */
bool jwk_set_add_secret(struct jwk_set *set, const char *secret,
                        struct error *error);

/* Adds all public keys and certificates in a PEM file. Unusable ones are
 * skipped; at least one must be usable. */
bool jwk_set_add_public_pem(struct jwk_set *set, const char *file,
                            struct error *error);

/* Adds the first private key in a PEM file, for signing. */
bool jwk_set_add_private_pem(struct jwk_set *set, const char *file,
                             struct error *error);

/* Adds all signature keys of supported types in a JSON Web Key Set. Other,
 * malformed and too short keys are skipped (RFC 7517, section 5); at least one
 * must be usable. */
bool jwk_set_add_file(struct jwk_set *set, const char *file,
                      struct error *error);

/* The same from a string; `name` identifies it in errors. */
bool jwk_set_add_text(struct jwk_set *set, struct bytes text, const char *name,
                      struct error *error);

/* Removes the algorithms that are not in `allowed` from every key; returns
 * whether any key has one left. */
bool jwk_set_restrict(struct jwk_set *set, unsigned allowed);

void jwk_set_deinit(struct jwk_set *set);

#endif

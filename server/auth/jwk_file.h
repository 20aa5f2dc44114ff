/* jwk_file: the keys that Peal signs with, in a file of its own (mode 0600): a
 * JSON Web Key Set of ES256 keys with their private parts. The first one
 * signs; the others are those of before, so that their tokens stay good.
 *
 * Owner:   the caller owns the texts.
 * Thread:  any; they block.
 * Limits:  JWK_FILE_KEYS keys.
 * Failure: false, and why. The file is replaced as a whole, or not at all.
 */
#ifndef PEAL_AUTH_JWK_FILE_H
#define PEAL_AUTH_JWK_FILE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

enum { JWK_FILE_KEYS = 3 };

/* Appends what the file holds; without a file one is made first. */
bool jwk_file_read(const char *path, struct buffer *out, struct error *error);

/* A new key is the first one from here on. */
bool jwk_file_rotate(const char *path, struct error *error);

/* Appends the same set without what is private. */
bool jwk_file_publish(struct bytes set, struct buffer *out,
                      struct error *error);

#endif

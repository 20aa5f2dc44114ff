/* jwk_file: Peal's signing keys in a file (mode 0600): a JSON Web Key Set of
 * ES256 private keys. The first one signs; older keys are kept so that their
 * tokens stay valid.
 *
 * Owner:   the caller owns the texts.
 * Thread:  any; the functions block.
 * Limits:  JWK_FILE_KEYS keys.
 * Failure: false and the reason. The file is replaced atomically.
 */
#ifndef PEAL_AUTH_JWK_FILE_H
#define PEAL_AUTH_JWK_FILE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

enum { JWK_FILE_KEYS = 3 };

/* Appends the content of the file; creates the file if missing. */
bool jwk_file_read(const char *path, struct buffer *out, struct error *error);

/* Adds a new key, which becomes the first one. */
bool jwk_file_rotate(const char *path, struct error *error);

/* Appends the set without its private parts. */
bool jwk_file_publish(struct bytes set, struct buffer *out,
                      struct error *error);

#endif

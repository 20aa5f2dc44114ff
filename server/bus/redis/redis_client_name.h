/* redis_client_name: encodes client ids for keys, fields and envelopes in
 * Redis.
 *
 * Characters that separate parts or mark a key's slot are percent-encoded: | ;
 * { } and % itself. So an id cannot be mistaken for two parts, nor close the
 * braces around it. Other ids are unchanged.
 *
 * Owner:   returned texts are the caller's.
 * Thread:  any.
 * Limits:  REDIS_CLIENT_NAME_MAX bytes.
 * Failure: redis_client_name_read returns false.
 */
#ifndef PEAL_BUS_REDIS_CLIENT_NAME_H
#define PEAL_BUS_REDIS_CLIENT_NAME_H

#include <stdbool.h>

#include "base/buffer.h"
#include "messaging/names.h"

enum { REDIS_CLIENT_NAME_MAX = 3 * CLIENT_ID_MAX };

void redis_client_name_append(struct buffer *out, struct bytes id);

/* The same, as an owned text. */
char *redis_client_name(const char *id);

/* Whether nothing in it is encoded, so that the name is the id, if valid. */
bool redis_client_name_is_plain(struct bytes name);

/* Decodes a name to a valid id, zero-terminated. */
bool redis_client_name_read(struct bytes name, char id[CLIENT_ID_MAX + 1]);

/* Decodes a name to any text of up to `max` bytes, zero-terminated. */
bool redis_text_read(struct bytes name, size_t max, char *text);

#endif

/* redis_client_name: a client id as keys, fields and envelopes in Redis have
 * it.
 *
 * The characters that separate parts there, and those that mark a key's slot,
 * are percent-encoded: | ; { } and % itself. So an id cannot be taken for two
 * parts, nor end the braces around it; all other ids stand as they are.
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

/* Nothing in it is encoded: the name is the id, if it is a valid one. */
bool redis_client_name_is_plain(struct bytes name);

/* The valid id behind a name, terminated. */
bool redis_client_name_read(struct bytes name, char id[CLIENT_ID_MAX + 1]);

/* Any text of up to `max` bytes behind such a name, terminated. */
bool redis_text_read(struct bytes name, size_t max, char *text);

#endif

/* idempotency: keys of completed publishes and their answers; embedded in a
 * bus.
 *
 * Owner:   the struct owns its keys; idempotency_clear frees them.
 * Thread:  one at a time.
 * Limits:  a key is kept for IDEMPOTENCY_SECONDS; the embedding bus limits
 *          their number (idempotency_drop_oldest).
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_IDEMPOTENCY_H
#define PEAL_MESSAGING_IDEMPOTENCY_H

#include "messaging/request.h"

enum { IDEMPOTENCY_SECONDS = 300, IDEMPOTENCY_KEY_MAX = 128 };

struct idempotency_key;

/* A zeroed struct knows no key. */
struct idempotency {
    struct idempotency_key *keys; /* a hash, oldest first */
};

/* Whether it is a valid key: 1 to 128 printable ASCII characters without
 * spaces. */
bool idempotency_key_is_valid(struct bytes key);

/* Whether the key was used in the channel; fills in the original answer. */
bool idempotency_find(const struct idempotency *known,
                      const struct request *request, int64_t now_ms,
                      struct position *position);

/* Remembers the answered request by its key. */
void idempotency_add(struct idempotency *known, const struct request *request,
                     int64_t now_ms);

/* Removes the oldest key; false if there is none. */
bool idempotency_drop_oldest(struct idempotency *known);

/* Removes expired keys; returns their number. */
uint32_t idempotency_expire(struct idempotency *known, int64_t now_ms);

/* Removes all. */
void idempotency_clear(struct idempotency *known);

#endif

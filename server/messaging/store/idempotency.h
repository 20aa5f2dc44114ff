/* idempotency: the keys of publishes done, and what each was answered; for a
 * bus to embed.
 *
 * Owner:   the struct owns its keys; idempotency_clear frees them.
 * Thread:  one at a time.
 * Limits:  a key is known for IDEMPOTENCY_SECONDS; how many there may be is
 *          the embedding bus's business (idempotency_drop_oldest).
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

/* Whether it may be a key: 1 to 128 of the printable ASCII without blank. */
bool idempotency_key_is_valid(struct bytes key);

/* Whether that key was used in that channel, and the answer then. */
bool idempotency_find(const struct idempotency *known,
                      const struct request *request, int64_t now_ms,
                      struct position *position);

/* Remembers the answered request by its key. */
void idempotency_add(struct idempotency *known, const struct request *request,
                     int64_t now_ms);

/* Forgets the oldest one; false when there is none. */
bool idempotency_drop_oldest(struct idempotency *known);

/* Forgets what is too old; how many. */
uint32_t idempotency_expire(struct idempotency *known, int64_t now_ms);

/* Forgets all. */
void idempotency_clear(struct idempotency *known);

#endif

/* redis_reason: the last known reason why Redis is unavailable, for /ready.
 *
 * Owner:   embedded in the bus.
 * Thread:  any.
 * Limits:  longer reasons are truncated.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_REASON_H
#define PEAL_BUS_REDIS_REASON_H

#include <pthread.h>

enum { REDIS_REASON_MAX = 192 };

struct redis_reason {
    pthread_mutex_t lock;
    char text[REDIS_REASON_MAX];
};

void redis_reason_init(struct redis_reason *reason);
void redis_reason_deinit(struct redis_reason *reason);

/* NULL is ignored. */
void redis_reason_set(struct redis_reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Valid until the next call on the same thread. */
const char *redis_reason_text(struct redis_reason *reason);

#endif

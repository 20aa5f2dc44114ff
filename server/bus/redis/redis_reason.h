/* redis_reason: why Redis does not serve: what was found out last, for /ready.
 *
 * Owner:   embedded in the bus.
 * Thread:  any.
 * Limits:  a longer reason is cut.
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

/* Stays as it is until the same thread asks again. */
const char *redis_reason_text(struct redis_reason *reason);

#endif

#include "bus/redis/redis_reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void redis_reason_init(struct redis_reason *reason)
{
    pthread_mutex_init(&reason->lock, NULL);
    redis_reason_set(reason, "Redis is unavailable");
}

void redis_reason_deinit(struct redis_reason *reason)
{
    pthread_mutex_destroy(&reason->lock);
}

void redis_reason_set(struct redis_reason *reason, const char *format, ...)
{
    if (!reason)
        return;
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&reason->lock);
    vsnprintf(reason->text, sizeof reason->text, format, arguments);
    pthread_mutex_unlock(&reason->lock);
    va_end(arguments);
}

const char *redis_reason_text(struct redis_reason *reason)
{
    static _Thread_local char copy[REDIS_REASON_MAX];
    pthread_mutex_lock(&reason->lock);
    memcpy(copy, reason->text, sizeof copy);
    pthread_mutex_unlock(&reason->lock);
    return copy;
}

#include "messaging/hook_target.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct hook_target *hook_target_new(const char *url, const char *key,
                                    const char *secret)
{
    struct hook_target *target = memory_new(1, sizeof *target);
    atomic_init(&target->references, 1);
    target->url = memory_copy_text(url, strlen(url));
    target->key = memory_copy_text(key, strlen(key));
    target->secret = memory_copy_text(secret, strlen(secret));
    return target;
}

struct hook_target *hook_target_ref(struct hook_target *target)
{
    atomic_fetch_add(&target->references, 1);
    return target;
}

void hook_target_unref(struct hook_target *target)
{
    if (!target || atomic_fetch_sub(&target->references, 1) > 1)
        return;
    free(target->url);
    free(target->key);
    explicit_bzero(target->secret, strlen(target->secret));
    free(target->secret);
    free(target);
}

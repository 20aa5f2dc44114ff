#include "messaging/news.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "messaging/hook_target.h"

struct news *news_new(struct hook_target *target, struct buffer *json)
{
    struct news *news = memory_new(1, sizeof *news + json->len);
    news->target = target ? hook_target_ref(target) : NULL;
    news->len = json->len;
    memcpy(news->json, json->data, json->len);
    buffer_deinit(json);
    return news;
}

void news_free(struct news *news)
{
    hook_target_unref(news->target);
    free(news);
}

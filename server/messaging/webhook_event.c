#include "messaging/webhook_event.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "messaging/hook_target.h"

struct webhook_event *webhook_event_new(struct hook_target *target,
                                        struct buffer *json)
{
    struct webhook_event *event = memory_new(1, sizeof *event + json->len);
    event->target = target ? hook_target_ref(target) : NULL;
    event->len = json->len;
    memcpy(event->json, json->data, json->len);
    buffer_deinit(json);
    return event;
}

void webhook_event_free(struct webhook_event *event)
{
    hook_target_unref(event->target);
    free(event);
}

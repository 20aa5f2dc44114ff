#include "hooks/webhooks.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "messaging/hook_target.h"
#include "messaging/webhook_event.h"

struct webhook {
    struct webhook *next;
    struct hook_target *target; /* a reference */
    struct event_sender *sender;
};

static struct webhook *find(struct webhooks *webhooks,
                            struct hook_target *target)
{
    struct webhook *webhook = webhooks->first;
    while (webhook && webhook->target != target)
        webhook = webhook->next;
    if (webhook)
        return webhook;
    webhook = memory_new(1, sizeof *webhook);
    webhook->target = hook_target_ref(target);
    webhook->sender =
        event_sender_new(webhooks->options, webhooks->instance,
                         webhooks->poster, target, webhooks->metrics);
    webhook->next = webhooks->first;
    webhooks->first = webhook;
    return webhook;
}

void webhooks_add(struct webhooks *webhooks, struct webhook_event *event)
{
    struct webhook *webhook = find(webhooks, event->target);
    hook_target_unref(event->target);
    event->target = NULL;
    event_sender_add(webhook->sender, event);
}

static void take_out(struct webhook **place)
{
    struct webhook *webhook = *place;
    *place = webhook->next;
    event_sender_free(webhook->sender);
    hook_target_unref(webhook->target);
    free(webhook);
}

/* Its app has another target, or was removed. */
static bool is_over(const struct webhook *webhook)
{
    return atomic_load(&webhook->target->references) == 1 &&
           event_sender_is_done(webhook->sender);
}

uint64_t webhooks_step(struct webhooks *webhooks, uint64_t now_ms)
{
    uint64_t least_ms = UINT64_MAX;
    struct webhook **place = &webhooks->first;
    while (*place) {
        uint64_t wait_ms = event_sender_step((*place)->sender, now_ms);
        least_ms = wait_ms < least_ms ? wait_ms : least_ms;
        if (is_over(*place))
            take_out(place);
        else
            place = &(*place)->next;
    }
    return least_ms;
}

void webhooks_hurry(struct webhooks *webhooks)
{
    for (struct webhook *at = webhooks->first; at; at = at->next)
        event_sender_hurry(at->sender);
}

bool webhooks_is_done(const struct webhooks *webhooks)
{
    const struct webhook *at = webhooks->first;
    while (at && event_sender_is_done(at->sender))
        at = at->next;
    return !at;
}

void webhooks_clear(struct webhooks *webhooks)
{
    while (webhooks->first)
        take_out(&webhooks->first);
}

#include "protocols/pusher/pusher_webhook_events.h"

#include <string.h>

static const char *const names[PUSHER_EVENT_COUNT] = {
    [PUSHER_OCCUPIED] = "channel_occupied",
    [PUSHER_VACATED] = "channel_vacated",
    [PUSHER_ADDED] = "member_added",
    [PUSHER_REMOVED] = "member_removed",
    [PUSHER_CLIENT_EVENT] = "client_event",
    [PUSHER_CACHE_MISS] = "cache_miss",
    [PUSHER_COUNT] = "subscription_count",
};

const char *pusher_webhook_events_name(enum pusher_webhook_event event)
{
    return names[event];
}

unsigned pusher_webhook_events_read(const struct text_list *events)
{
    unsigned bits = 0;
    for (size_t i = 0; i < events->count; i++)
        for (unsigned bit = 0; bit < PUSHER_EVENT_COUNT; bit++)
            if (strcmp(events->items[i], names[bit]) == 0)
                bits |= 1u << bit;
    return bits;
}

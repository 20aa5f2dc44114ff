/* pusher_webhook_events: the events that an app's webhook can receive.
 *
 * Owner:   static.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_WEBHOOK_EVENTS_H
#define PEAL_PROTOCOLS_PUSHER_WEBHOOK_EVENTS_H

#include "base/text_list.h"

/* As in the config. */
#define PUSHER_WEBHOOK_EVENTS                                                  \
    "channel_occupied|channel_vacated|member_added|member_removed|"            \
    "client_event|cache_miss|subscription_count"

enum pusher_webhook_event {
    PUSHER_OCCUPIED,
    PUSHER_VACATED,
    PUSHER_ADDED,
    PUSHER_REMOVED,
    PUSHER_CLIENT_EVENT,
    PUSHER_CACHE_MISS,
    PUSHER_COUNT,
    PUSHER_EVENT_COUNT
};

const char *pusher_webhook_events_name(enum pusher_webhook_event event);

/* One bit per named event. */
unsigned pusher_webhook_events_read(const struct text_list *events);

#endif

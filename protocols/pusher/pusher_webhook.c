#include "protocols/pusher/pusher_webhook.h"

#include "messaging/hook.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_name.h"

bool pusher_webhook_wants(const struct hooks *hooks,
                          const struct pusher_app *app,
                          enum pusher_webhook_event event)
{
    return hooks && app->webhook && app->webhook_events >> event & 1;
}

void pusher_webhook_tell(struct hooks *hooks, const struct pusher_app *app,
                         enum pusher_webhook_event event, struct bytes channel,
                         struct bytes more)
{
    struct buffer json = {0};
    if (!pusher_webhook_wants(hooks, app, event) ||
        pusher_name_is_internal(pusher_name_of(channel)))
        return;
    hook_append_text(&json, "name",
                     bytes_of(pusher_webhook_events_name(event)));
    hook_append_text(&json, "channel", pusher_name_of(channel));
    buffer_append(&json, more);
    hook_tell_target(hooks, app->webhook, &json);
}

static enum pusher_webhook_event webhook_of(unsigned event)
{
    switch (event) {
    case EVENT_CHANNEL_OCCUPIED:
        return PUSHER_OCCUPIED;
    case EVENT_CHANNEL_VACATED:
        return PUSHER_VACATED;
    case EVENT_MEMBER_ADDED:
        return PUSHER_ADDED;
    case EVENT_MEMBER_REMOVED:
        return PUSHER_REMOVED;
    default:
        return PUSHER_EVENT_COUNT;
    }
}

void pusher_webhook_told(struct hooks *hooks, unsigned event,
                         const char *channel, const char *client)
{
    struct bytes full = bytes_of(channel);
    enum pusher_webhook_event webhook = webhook_of(event);
    struct buffer more = {0};
    /* members of others only count */
    if (webhook == PUSHER_EVENT_COUNT ||
        (client && !pusher_name_is_presence(pusher_name_of(full))))
        return;
    struct pusher_app *app = pusher_app_of_channel(full);
    if (app && client)
        hook_append_text(&more, "user_id", bytes_of(client));
    if (app)
        pusher_webhook_tell(hooks, app, webhook, full, buffer_bytes(&more));
    buffer_deinit(&more);
    pusher_app_unref(app);
}

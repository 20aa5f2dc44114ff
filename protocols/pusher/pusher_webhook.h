/* pusher_webhook: events for an app's webhook.
 *
 * Owner:   static; the app has the target.
 * Thread:  any.
 * Limits:  those of the hooks.
 * Failure: as for other webhook events.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_WEBHOOK_H
#define PEAL_PROTOCOLS_PUSHER_WEBHOOK_H

#include "base/buffer.h"
#include "protocols/pusher/pusher_webhook_events.h"

struct hooks;
struct pusher_app;

/* Whether the app wants the event; `hooks` may be NULL. */
bool pusher_webhook_wants(const struct hooks *hooks,
                          const struct pusher_app *app,
                          enum pusher_webhook_event event);

/* `channel`: Peal's name; `more`: JSON members, each preceded by a comma. */
void pusher_webhook_tell(struct hooks *hooks, const struct pusher_app *app,
                         enum pusher_webhook_event event, struct bytes channel,
                         struct bytes more);

/* For struct channel_options. */
void pusher_webhook_told(struct hooks *hooks, unsigned event,
                         const char *channel, const char *client);

#endif

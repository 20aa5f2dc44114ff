/* pusher_rules: channel options for Pusher's apps, instead of the config's
 * `channels`.
 *
 * An app's channels keep their options until the process ends: the bus must not
 * see a member leave whose join it did not see.
 *
 * Owner:   static; rules are never freed.
 * Thread:  any.
 * Limits:  one per app id that was ever in the config.
 * Failure: none.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_RULES_H
#define PEAL_PROTOCOLS_PUSHER_RULES_H

struct channel_options;
struct pusher_app_options_list;

/* Uses these apps, as pusher_apps_use does, and creates rules for new ones. */
void pusher_rules_use(const struct pusher_app_options_list *list);

/* NULL: the config's `channels` apply. */
const struct channel_options *pusher_rules_find(const char *channel);

#endif

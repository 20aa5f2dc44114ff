/* pusher_rules: how channels of Pusher's apps behave, in place of the config's
 * `channels`.
 *
 * What an app's channels began with they keep until the process ends: a bus
 * that was not told of members when they came must not hear that they go.
 *
 * Owner:   static; rules are never freed.
 * Thread:  any.
 * Limits:  one an app id that was ever in the config.
 * Failure: none.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_RULES_H
#define PEAL_PROTOCOLS_PUSHER_RULES_H

struct channel_options;
struct pusher_app_options_list;

/* Takes on these apps, as pusher_apps_use does, and the rules of those that are
 * new. */
void pusher_rules_use(const struct pusher_app_options_list *list);

/* NULL: the rules of `channels` hold. */
const struct channel_options *pusher_rules_find(const char *channel);

#endif

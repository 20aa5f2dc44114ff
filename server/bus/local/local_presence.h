/* local_presence: the members of a channel of bus_local, and notifications
 * about them.
 *
 * Owner:   the channel's state; freed by local_presence_deinit.
 * Thread:  under the lock of the channel's shard.
 * Limits:  one entry per client; bounded by the current connections and, if
 *          options->leave_seconds is set, recent ones.
 * Failure: none.
 */
#ifndef PEAL_BUS_LOCAL_PRESENCE_H
#define PEAL_BUS_LOCAL_PRESENCE_H

#include "messaging/options.h"
#include "messaging/store/leavers.h"
#include "messaging/store/members.h"

struct instance;

struct local_presence {
    const struct instance *instance;
    const struct channel_options *options;
    const char *channel; /* its name; borrowed */
    struct members members;
    struct leavers leavers; /* members without a connection */
};

/* Adds or removes a connection of the client; an empty name is not a member. A
 * client that `may_return` stays a member for options->leave_seconds. `info` as
 * in members_add_with. */
void local_presence_enter(struct local_presence *presence, const char *client,
                          struct bytes info);
void local_presence_leave(struct local_presence *presence, const char *client,
                          bool may_return);

/* Removes members whose grace period is over. */
void local_presence_expire(struct local_presence *presence, uint64_t now_ms);

void local_presence_deinit(struct local_presence *presence);

#endif

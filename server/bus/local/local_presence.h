/* local_presence: who is in a channel of bus_local, and who is told of it.
 *
 * Owner:   the channel's state; local_presence_deinit frees what it has.
 * Thread:  under the lock of the channel's shard.
 * Limits:  one entry a client; bounded by the connections there are and, where
 *          options->leave_seconds is set, were of late.
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

/* One connection of the client more, or less; an empty name is nobody's. A
 * client that `may_return` is a member for another options->leave_seconds.
 * `info` as members_add_with has it. */
void local_presence_enter(struct local_presence *presence, const char *client,
                          struct bytes info);
void local_presence_leave(struct local_presence *presence, const char *client,
                          bool may_return);

/* Those whose time is over have left. */
void local_presence_expire(struct local_presence *presence, uint64_t now_ms);

void local_presence_deinit(struct local_presence *presence);

#endif

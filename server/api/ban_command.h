/* ban_command: API commands for bans and addresses; private to api/.
 *
 * Owner:   nothing is owned.
 * Thread:  the call's worker.
 * Limits:  those of messaging/bans.h.
 * Failure: the part is refused, and the error names the field.
 */
#ifndef PEAL_API_BAN_COMMAND_H
#define PEAL_API_BAN_COMMAND_H

#include "api/call.h"

void ban_command_ban(struct api_call *call, uint32_t part,
                     const struct json_slot *slots);
void ban_command_unban(struct api_call *call, uint32_t part,
                       const struct json_slot *slots);

/* Lists the active bans. */
void ban_command_list(struct api_call *call, uint32_t part,
                      const struct json_slot *slots);

/* Closes the connections from the addresses in the field `address`. */
void ban_command_evict(struct api_call *call, uint32_t part,
                       const struct json_slot *slots, struct bytes reason);

/* Closes the connections of a protocol's user, named by the field `client`. */
void ban_command_terminate(struct api_call *call, uint32_t part,
                           const struct json_slot *slots);

#endif

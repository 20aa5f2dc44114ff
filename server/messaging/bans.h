/* bans: clients, addresses and networks that may not connect for some time.
 *
 * A ban has a target: "client:<id>", "address:192.0.2.7" or
 * "address:192.0.2.0/24". The target "tokens:<id>" bans tokens of an account
 * older than the generation in its reason.
 *
 * Owner:   struct instance; texts are copied.
 * Thread:  any; under one lock, which is not taken while there are no bans.
 * Limits:  BANS_MAX, including BANS_NETWORKS_MAX networks, because each
 *          accepted socket is compared with all networks.
 * Failure: bans_set refuses malformed targets, and targets beyond the limits.
 */
#ifndef PEAL_MESSAGING_BANS_H
#define PEAL_MESSAGING_BANS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/ip_address.h"
#include "messaging/close_reason.h"
#include "messaging/names.h"

enum {
    BANS_MAX = 10000,
    BANS_NETWORKS_MAX = 1000,
    BAN_TARGET_MAX = CLIENT_ID_MAX + 16,
    BAN_SECONDS = 3600,
    BAN_SECONDS_MAX = 366 * 86400
};

struct bans;
struct identity;
struct verdict;

/* The reason of a ban, zero-terminated. */
typedef char ban_reason[CLOSE_TEXT_MAX + 1];

struct bans *bans_new(void);
void bans_free(struct bans *bans);

/* Writes the target of a client or of a range, terminated; its length. */
size_t bans_target_of_client(struct bytes client, char out[BAN_TARGET_MAX]);
size_t bans_target_of_tokens(struct bytes client, char out[BAN_TARGET_MAX]);
size_t bans_target_of_range(const struct ip_range *range,
                            char out[BAN_TARGET_MAX]);

/* Bans until that time (wall clock); replaces an earlier ban of the target. */
bool bans_set(struct bans *bans, struct bytes target, int64_t until_ms,
              struct bytes reason);

/* Lifts a ban; returns whether there was one. */
bool bans_remove(struct bans *bans, struct bytes target);

/* Removes all. */
void bans_clear(struct bans *bans);

/* Replaces all bans by those of `fresh`, which becomes empty. Returns whether
 * there is a new one, or one with another reason. */
bool bans_take(struct bans *bans, struct bans *fresh);

/* Removes expired bans; returns how many are left. */
uint32_t bans_expire(struct bans *bans);

bool bans_has_client(struct bans *bans, const char *id, ban_reason reason);

/* Whether a client's tokens of that generation are revoked. */
bool bans_revoke_token(struct bans *bans, const char *id, uint32_t generation);

/* The same for an identity proven by a token; false for all others. */
bool bans_revoke_identity(struct bans *bans, const char *id,
                          const struct identity *identity);

/* Refuses a verdict whose token is revoked. */
void bans_judge_token(struct bans *bans, const char *id,
                      struct verdict *verdict);

bool bans_has_address(struct bans *bans, const struct ip_address *address,
                      ban_reason reason);

/* Appends up to `limit` comma-separated JSON objects; returns the number of
 * bans. `clients`: only bans of clients that match one of these patterns; NULL:
 * all. */
uint32_t bans_write(struct bans *bans, const struct text_list *clients,
                    uint32_t limit, struct buffer *out);

#endif

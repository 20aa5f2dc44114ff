/* bans: clients, addresses and networks that may not connect for a time.
 *
 * A ban has a target: "client:<id>", "address:192.0.2.7" or
 * "address:192.0.2.0/24". One of "tokens:<id>" holds for tokens of an account
 * that are older than the generation its reason names.
 *
 * Owner:   struct instance; texts are copied.
 * Thread:  any; under one lock, which is not taken while there are no bans.
 * Limits:  BANS_MAX, of which BANS_NETWORKS_MAX are networks: each accepted
 *          socket is compared with all of these.
 * Failure: bans_set refuses what is malformed, and what is too many.
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

/* Why one is banned, terminated. */
typedef char ban_reason[CLOSE_TEXT_MAX + 1];

struct bans *bans_new(void);
void bans_free(struct bans *bans);

/* Writes the target of a client or of a range, terminated; its length. */
size_t bans_target_of_client(struct bytes client, char out[BAN_TARGET_MAX]);
size_t bans_target_of_tokens(struct bytes client, char out[BAN_TARGET_MAX]);
size_t bans_target_of_range(const struct ip_range *range,
                            char out[BAN_TARGET_MAX]);

/* Bans until that time (wall clock), in place of what was said before. */
bool bans_set(struct bans *bans, struct bytes target, int64_t until_ms,
              struct bytes reason);

/* Whether it was banned. */
bool bans_remove(struct bans *bans, struct bytes target);

/* Forgets all. */
void bans_clear(struct bans *bans);

/* Moves all bans of `fresh` over, in place of those there were. Whether there
 * is one that was not, or has another reason. */
bool bans_take(struct bans *bans, struct bans *fresh);

/* Forgets those that are over; how many are left. */
uint32_t bans_expire(struct bans *bans);

bool bans_has_client(struct bans *bans, const char *id, ban_reason reason);

/* Whether a client's tokens of that generation are not good any more. */
bool bans_revoke_token(struct bans *bans, const char *id, uint32_t generation);

/* The same of whom a token has proven; false for all others. */
bool bans_revoke_identity(struct bans *bans, const char *id,
                          const struct identity *identity);

/* Refuses a verdict whose token is one of these. */
void bans_judge_token(struct bans *bans, const char *id,
                      struct verdict *verdict);

bool bans_has_address(struct bans *bans, const struct ip_address *address,
                      ban_reason reason);

/* Appends up to `limit` JSON objects with commas; how many bans there are.
 * `clients`: only bans of clients that match one of these, or NULL: all. */
uint32_t bans_write(struct bans *bans, const struct text_list *clients,
                    uint32_t limit, struct buffer *out);

#endif

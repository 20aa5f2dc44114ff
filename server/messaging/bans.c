#include "messaging/bans.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "messaging/verdict.h"

#define CLIENT  "client:"
#define ADDRESS "address:"
#define TOKENS  "tokens:"

enum { ALL_BITS = 128, V4_BITS = 96 };

struct ban {
    struct ban *next_network; /* network bans */
    struct ip_range range;
    bool is_network;
    bool is_of_tokens; /* its reason is the first valid generation */
    int64_t until_ms;
    ban_reason reason;
    UT_hash_handle hh;
    char target[];
};

struct bans {
    _Atomic uint32_t count;
    pthread_rwlock_t lock;
    /* under lock */
    struct ban *all; /* a hash by target */
    struct ban *networks;
    uint32_t network_count;
};

struct bans *bans_new(void)
{
    struct bans *bans = memory_new(1, sizeof *bans);
    pthread_rwlock_init(&bans->lock, NULL);
    return bans;
}

void bans_free(struct bans *bans)
{
    bans_clear(bans);
    pthread_rwlock_destroy(&bans->lock);
    free(bans);
}

/* ---- targets ------------------------------------------------------------- */

size_t bans_target_of_client(struct bytes client, char out[BAN_TARGET_MAX])
{
    return (size_t)snprintf(out, BAN_TARGET_MAX, CLIENT "%.*s", (int)client.len,
                            client.data);
}

size_t bans_target_of_tokens(struct bytes client, char out[BAN_TARGET_MAX])
{
    return (size_t)snprintf(out, BAN_TARGET_MAX, TOKENS "%.*s", (int)client.len,
                            client.data);
}

size_t bans_target_of_range(const struct ip_range *range,
                            char out[BAN_TARGET_MAX])
{
    char address[IP_ADDRESS_TEXT];
    ip_address_print(&range->first, address);
    if (!address[0]) /* all zero */
        strcpy(address, "::");
    bool is_v4 = strchr(address, '.') && range->bits >= V4_BITS;
    unsigned bits = is_v4 ? range->bits - V4_BITS : range->bits;
    if (range->bits == ALL_BITS)
        return (size_t)snprintf(out, BAN_TARGET_MAX, ADDRESS "%s", address);
    return (size_t)snprintf(out, BAN_TARGET_MAX, ADDRESS "%s/%u", address,
                            bits);
}

/* A new ban of the target, if the target is valid. */
static struct ban *make(struct bytes target)
{
    struct ban *ban = memory_new(1, sizeof *ban + target.len + 1);
    struct bytes client = BYTES_LITERAL(CLIENT);
    struct bytes address = BYTES_LITERAL(ADDRESS);
    struct bytes tokens = BYTES_LITERAL(TOKENS);
    memcpy(ban->target, target.data, target.len);
    if (bytes_start_with(target, client) &&
        client_id_is_valid(bytes_skip(target, client.len)))
        return ban;
    ban->is_of_tokens = bytes_start_with(target, tokens);
    if (ban->is_of_tokens && client_id_is_valid(bytes_skip(target, tokens.len)))
        return ban;
    if (bytes_start_with(target, address) &&
        ip_range_parse(ban->target + address.len, &ban->range)) {
        ban->is_network = ban->range.bits < ALL_BITS;
        return ban;
    }
    free(ban);
    return NULL;
}

/* ---- the table; under the lock ------------------------------------------- */

static struct ban *find(const struct bans *bans, struct bytes target)
{
    struct ban *ban;
    HASH_FIND_NAMED(bans->all, target, ban);
    return ban;
}

static void drop(struct bans *bans, struct ban *ban)
{
    struct ban **at = &bans->networks;
    while (*at && *at != ban)
        at = &(*at)->next_network;
    if (*at) {
        *at = ban->next_network;
        bans->network_count--;
    }
    HASH_DEL(bans->all, ban);
    bans->count--;
    free(ban);
}

static bool has_room(const struct bans *bans, const struct ban *ban)
{
    return bans->count < BANS_MAX &&
           (!ban->is_network || bans->network_count < BANS_NETWORKS_MAX);
}

static void add(struct bans *bans, struct ban *ban, size_t len)
{
    HASH_ADD_KEYPTR(hh, bans->all, ban->target, len, ban);
    bans->count++;
    if (!ban->is_network)
        return;
    ban->next_network = bans->networks;
    bans->networks = ban;
    bans->network_count++;
}

bool bans_set(struct bans *bans, struct bytes target, int64_t until_ms,
              struct bytes reason)
{
    struct ban *ban = target.len < BAN_TARGET_MAX && close_text_is_valid(reason)
                          ? make(target)
                          : NULL;
    if (!ban)
        return false;
    ban->until_ms = until_ms;
    if (reason.len)
        memcpy(ban->reason, reason.data, reason.len);
    pthread_rwlock_wrlock(&bans->lock);
    struct ban *former = find(bans, target);
    if (former)
        drop(bans, former);
    bool is_set = has_room(bans, ban);
    if (is_set)
        add(bans, ban, target.len);
    else
        free(ban);
    pthread_rwlock_unlock(&bans->lock);
    return is_set;
}

bool bans_remove(struct bans *bans, struct bytes target)
{
    pthread_rwlock_wrlock(&bans->lock);
    struct ban *ban = find(bans, target);
    bool is_known = ban && ban->until_ms > clock_wall_ms();
    if (ban)
        drop(bans, ban);
    pthread_rwlock_unlock(&bans->lock);
    return is_known;
}

/* Removes bans that end before. */
static uint32_t drop_until(struct bans *bans, int64_t now_ms)
{
    struct ban *ban;
    struct ban *next;
    if (!bans->count)
        return 0;
    pthread_rwlock_wrlock(&bans->lock);
    HASH_ITER(hh, bans->all, ban, next)
    if (ban->until_ms <= now_ms)
        drop(bans, ban);
    pthread_rwlock_unlock(&bans->lock);
    return bans->count;
}

void bans_clear(struct bans *bans)
{
    drop_until(bans, INT64_MAX);
}

static void swap(struct bans *a, struct bans *b)
{
    struct ban *all = a->all;
    struct ban *networks = a->networks;
    uint32_t network_count = a->network_count;
    uint32_t count = a->count;
    a->all = b->all;
    a->networks = b->networks;
    a->network_count = b->network_count;
    a->count = (uint32_t)b->count;
    b->all = all;
    b->networks = networks;
    b->network_count = network_count;
    b->count = count;
}

/* The reason of a "tokens:" ban is the generation, which may increase. */
static bool is_new(const struct bans *bans, const struct ban *ban)
{
    const struct ban *former = find(bans, bytes_of(ban->target));
    return !former || strcmp(former->reason, ban->reason) != 0;
}

bool bans_take(struct bans *bans, struct bans *fresh)
{
    bool has_new = false;
    pthread_rwlock_wrlock(&bans->lock);
    for (struct ban *ban = fresh->all; ban && !has_new; ban = ban->hh.next)
        has_new = is_new(bans, ban);
    swap(bans, fresh);
    pthread_rwlock_unlock(&bans->lock);
    bans_clear(fresh);
    return has_new;
}

uint32_t bans_expire(struct bans *bans)
{
    return drop_until(bans, clock_wall_ms());
}

/* ---- asking -------------------------------------------------------------- */

static bool is_on(const struct ban *ban, ban_reason reason)
{
    if (!ban || ban->until_ms <= clock_wall_ms())
        return false;
    memcpy(reason, ban->reason, sizeof ban->reason);
    return true;
}

bool bans_has_client(struct bans *bans, const char *id, ban_reason reason)
{
    char target[BAN_TARGET_MAX];
    if (!bans->count)
        return false;
    size_t len = bans_target_of_client(bytes_of(id), target);
    pthread_rwlock_rdlock(&bans->lock);
    bool is_banned = is_on(find(bans, (struct bytes){target, len}), reason);
    pthread_rwlock_unlock(&bans->lock);
    return is_banned;
}

bool bans_revoke_identity(struct bans *bans, const char *id,
                          const struct identity *identity)
{
    return identity->has_token &&
           bans_revoke_token(bans, id, identity->generation);
}

bool bans_revoke_token(struct bans *bans, const char *id, uint32_t generation)
{
    char target[BAN_TARGET_MAX];
    ban_reason reason;
    if (!bans->count)
        return false;
    size_t len = bans_target_of_tokens(bytes_of(id), target);
    pthread_rwlock_rdlock(&bans->lock);
    bool is_known = is_on(find(bans, (struct bytes){target, len}), reason);
    pthread_rwlock_unlock(&bans->lock);
    return is_known && generation < strtoul(reason, NULL, 10);
}

void bans_judge_token(struct bans *bans, const char *id,
                      struct verdict *verdict)
{
    if (verdict->status != 101 ||
        !bans_revoke_identity(bans, id, &verdict->identity))
        return;
    identity_deinit(&verdict->identity);
    verdict_refuse(verdict, REFUSAL_TOKEN_INVALID, "revoked");
}

bool bans_has_address(struct bans *bans, const struct ip_address *address,
                      ban_reason reason)
{
    char target[BAN_TARGET_MAX];
    const struct ip_range alone = {*address, ALL_BITS};
    if (!bans->count)
        return false;
    size_t len = bans_target_of_range(&alone, target);
    pthread_rwlock_rdlock(&bans->lock);
    bool is_banned = is_on(find(bans, (struct bytes){target, len}), reason);
    for (const struct ban *ban = bans->networks; ban && !is_banned;
         ban = ban->next_network)
        is_banned =
            ip_range_contains(&ban->range, address) && is_on(ban, reason);
    pthread_rwlock_unlock(&bans->lock);
    return is_banned;
}

static void write_one(const struct ban *ban, struct buffer *out)
{
    const char *colon = strchr(ban->target, ':');
    buffer_append_format(out, "{\"%.*s\":", (int)(colon - ban->target),
                         ban->target);
    buffer_append_json_string(out, bytes_of(colon + 1));
    buffer_append_format(out, ",\"until\":%lld", (long long)ban->until_ms);
    if (ban->reason[0]) {
        buffer_append_text(out, ",\"reason\":");
        buffer_append_json_string(out, bytes_of(ban->reason));
    }
    buffer_append_char(out, '}');
}

static bool is_told(const struct ban *ban, const struct text_list *clients)
{
    struct bytes target = bytes_of(ban->target);
    struct bytes prefix = BYTES_LITERAL("client:");
    return !clients ||
           (bytes_start_with(target, prefix) &&
            name_matches_any(clients, bytes_skip(target, prefix.len)));
}

uint32_t bans_write(struct bans *bans, const struct text_list *clients,
                    uint32_t limit, struct buffer *out)
{
    int64_t now_ms = clock_wall_ms();
    uint32_t count = 0;
    pthread_rwlock_rdlock(&bans->lock);
    for (const struct ban *ban = bans->all; ban; ban = ban->hh.next) {
        if (ban->is_of_tokens || ban->until_ms <= now_ms ||
            !is_told(ban, clients) || count++ >= limit)
            continue;
        buffer_append_text(out, count > 1 ? "," : "");
        write_one(ban, out);
    }
    pthread_rwlock_unlock(&bans->lock);
    return count;
}

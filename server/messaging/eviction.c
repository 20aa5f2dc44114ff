#include "messaging/eviction.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "messaging/bans.h"
#include "messaging/connection.h"
#include "messaging/hub.h"
#include "messaging/protocol.h"
#include "messaging/worker.h"

enum { SLICE = 256 };

struct eviction {
    const struct instance *instance;
    bool is_of_banned;
    struct ip_range range;
    char *user; /* instead of the range; owned */
    ban_reason reason;
    _Atomic unsigned open;
};

/* One worker's iteration. */
struct walk {
    struct eviction *eviction;
    struct worker *worker;
    uint32_t next;
};

static bool read_address(const struct connection *connection,
                         struct ip_address *address)
{
    char text[IP_ADDRESS_TEXT] = "";
    if (connection->transport->address)
        connection->transport->address(connection, text);
    return ip_address_parse(bytes_of(text), address);
}

/* A connection made with a revoked token before this instance learned of the
 * revocation is closed too. */
static void judge_bans(struct connection *connection, struct bans *bans)
{
    ban_reason reason;
    struct ip_address address;
    if (bans_revoke_identity(bans, connection_client_id(connection),
                             &connection->identity))
        connection_close_saying(connection, CLOSE_DISCONNECTED,
                                BYTES_LITERAL("signed out"));
    else if (bans_has_client(bans, connection_client_id(connection), reason) ||
             (read_address(connection, &address) &&
              bans_has_address(bans, &address, reason)))
        connection_close_saying(connection, CLOSE_BANNED, bytes_of(reason));
}

static bool is_meant(const struct connection *connection,
                     const struct eviction *eviction)
{
    struct ip_address address;
    if (!eviction->user)
        return read_address(connection, &address) &&
               ip_range_contains(&eviction->range, &address);
    const char *user = connection->protocol->user
                           ? connection->protocol->user(connection)
                           : NULL;
    return user && strcmp(user, eviction->user) == 0;
}

static void judge(struct connection *connection,
                  const struct eviction *eviction)
{
    if (eviction->is_of_banned)
        judge_bans(connection, eviction->instance->bans);
    else if (is_meant(connection, eviction))
        connection_close_saying(connection, CLOSE_DISCONNECTED,
                                bytes_of(eviction->reason));
}

static void end_walk(struct walk *walk)
{
    if (atomic_fetch_sub(&walk->eviction->open, 1) == 1) {
        free(walk->eviction->user);
        free(walk->eviction);
    }
    free(walk);
}

static void step(void *subject, void *object)
{
    struct walk *walk = subject;
    struct worker *worker = walk->worker;
    (void)object;
    for (unsigned i = 0; i < SLICE && walk->next < worker->slot_count; i++) {
        struct connection *connection = worker->slots[walk->next++].connection;
        if (connection && connection->is_open && !connection->is_closing)
            judge(connection, walk->eviction);
    }
    if (walk->next < worker->slot_count)
        inbox_post(&worker->inbox, (struct inbox_item){step, walk, NULL});
    else
        end_walk(walk);
}

/* Takes the eviction. */
static void begin(struct eviction *eviction)
{
    const struct hub *hub = eviction->instance->hub;
    unsigned count = hub_worker_count(hub);
    atomic_init(&eviction->open, count);
    for (unsigned i = 0; i < count; i++) {
        struct walk *walk = memory_new(1, sizeof *walk);
        *walk =
            (struct walk){.eviction = eviction, .worker = hub_worker(hub, i)};
        inbox_post(&walk->worker->inbox, (struct inbox_item){step, walk, NULL});
    }
}

static bool read_target(struct eviction *eviction, struct bytes target)
{
    char text[IP_RANGE_TEXT] = "";
    struct bytes prefix = BYTES_LITERAL(EVICTION_USER);
    if (bytes_start_with(target, prefix)) {
        target = bytes_skip(target, prefix.len);
        eviction->user = memory_copy_text(target.data, target.len);
        return true;
    }
    if (target.len >= sizeof text)
        return false;
    memcpy(text, target.data, target.len);
    return ip_range_parse(text, &eviction->range);
}

bool eviction_of(const struct instance *instance, struct bytes target,
                 struct bytes reason)
{
    struct eviction *eviction = memory_new(1, sizeof *eviction);
    if (!read_target(eviction, target)) {
        free(eviction);
        return false;
    }
    eviction->instance = instance;
    PANIC_IF(reason.len > CLOSE_TEXT_MAX);
    if (reason.len)
        memcpy(eviction->reason, reason.data, reason.len);
    begin(eviction);
    return true;
}

void eviction_of_banned(const struct instance *instance)
{
    struct eviction *eviction = memory_new(1, sizeof *eviction);
    eviction->instance = instance;
    eviction->is_of_banned = true;
    begin(eviction);
}

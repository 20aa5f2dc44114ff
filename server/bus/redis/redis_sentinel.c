#include "bus/redis/redis_sentinel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_topology.h"

enum { ASK_MS = 500, HOST_MAX = 256, LABEL_MAX = 32 };

/* One Sentinel and its last answer. */
struct watcher {
    struct redis_sentinels *all;
    struct redis_url url;
    char name[LABEL_MAX]; /* for the log */
    struct redis_link *link;
    char host[HOST_MAX]; /* empty: it reports no master */
    uint16_t port;
    uint64_t asked; /* how often */
    uint64_t answered;
    uint64_t needed; /* the answer that confirms */
};

struct redis_sentinels {
    struct redis_bus *bus;
    struct redis_sentinels_events events;
    bool is_confirming;
    struct redis_login login;
    struct loop_timer *timer;
    struct watcher *watchers;
    size_t count;
    char host[HOST_MAX]; /* the last master reported by the majority */
    uint16_t port;
    _Atomic bool agree;
};

static bool name_same(const struct watcher *one, const struct watcher *other)
{
    return one->port == other->port && strcmp(one->host, other->host) == 0;
}

/* Whether the majority agrees with this one. */
static bool has_majority(const struct redis_sentinels *all,
                         const struct watcher *watcher)
{
    size_t votes = 0;
    for (size_t i = 0; i < all->count && watcher->host[0]; i++)
        votes += name_same(watcher, &all->watchers[i]);
    return votes > all->count / 2;
}

static bool names_master(const struct redis_sentinels *all,
                         const struct watcher *watcher)
{
    return all->port == watcher->port && strcmp(all->host, watcher->host) == 0;
}

static void count_confirmations(struct redis_sentinels *all)
{
    size_t votes = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct watcher *watcher = &all->watchers[i];
        votes += watcher->answered >= watcher->needed && watcher->host[0] &&
                 names_master(all, watcher);
    }
    if (!all->is_confirming || votes <= all->count / 2)
        return;
    all->is_confirming = false;
    all->events.on_confirmed(all->bus);
}

static void take_master(struct redis_sentinels *all,
                        const struct watcher *watcher)
{
    if (names_master(all, watcher))
        return;
    log_event(LOG_WARN, "Redis master found", LOG_TEXT("host", watcher->host),
              LOG_NUMBER("port", watcher->port));
    if (all->host[0])
        metrics_add(&all->bus->metrics, METRIC_REDIS_FAILOVERS, 1);
    memcpy(all->host, watcher->host, sizeof all->host);
    all->port = watcher->port;
    all->events.on_master(all->bus, all->host, all->port);
}

static void count_all(struct redis_sentinels *all)
{
    const struct watcher *elected = NULL;
    size_t answering = 0;
    for (size_t i = 0; i < all->count; i++) {
        answering += all->watchers[i].host[0] != '\0';
        if (has_majority(all, &all->watchers[i]))
            elected = &all->watchers[i];
    }
    all->agree = elected != NULL;
    metrics_set(&all->bus->metrics, METRIC_REDIS_SENTINELS, answering);
    if (elected)
        take_master(all, elected);
    count_confirmations(all);
}

static bool read_address(struct watcher *watcher,
                         const struct redisReply *reply)
{
    struct bytes host;
    struct bytes port;
    uint64_t number;
    if (!redis_push_bytes(redis_push_element(reply, 0), &host) ||
        !redis_push_bytes(redis_push_element(reply, 1), &port) || !host.len ||
        host.len >= sizeof watcher->host || memchr(host.data, '\0', host.len) ||
        !json_decode_uint(port, &number) || !number || number > UINT16_MAX)
        return false;
    memcpy(watcher->host, host.data, host.len);
    watcher->host[host.len] = '\0';
    watcher->port = (uint16_t)number;
    return true;
}

static void on_named(void *arg, const struct redisReply *reply)
{
    struct watcher *watcher = arg;
    if (!reply)
        return;
    watcher->answered++;
    if (read_address(watcher, reply)) {
        redis_link_settle(watcher->link);
    } else {
        const char *error = redis_push_error(reply);
        watcher->host[0] = '\0';
        redis_link_reset(watcher->link, error ? error : "unknown master name");
    }
    count_all(watcher->all);
}

static void ask(struct watcher *watcher)
{
    const struct bytes words[] = {BYTES_LITERAL("SENTINEL"),
                                  BYTES_LITERAL("GET-MASTER-ADDR-BY-NAME"),
                                  bytes_of(watcher->all->bus->url.master)};
    if (!redis_link_is_up(watcher->link))
        return;
    watcher->asked++;
    redis_link_send(watcher->link, words, 3, on_named, watcher);
}

static void on_up(void *arg)
{
    ask(arg);
}

/* Its last answer is outdated. */
static void on_down(void *arg)
{
    struct watcher *watcher = arg;
    watcher->host[0] = '\0';
    watcher->answered = watcher->asked;
    if (watcher->needed <= watcher->asked)
        watcher->needed = watcher->asked + 1;
    count_all(watcher->all);
}

static const char *judge(void *arg, const struct redis_server *server)
{
    (void)arg;
    if (server->mode == REDIS_MODE_UNKNOWN ||
        server->mode == REDIS_MODE_SENTINEL)
        return NULL;
    log_limited(
        LOG_ERROR, 1, "Redis server unusable",
        LOG_TEXT("why",
                 "redis.url points to a Redis server; expected a Sentinel"));
    return "a Redis server";
}

static void on_ask(void *arg)
{
    struct redis_sentinels *all = arg;
    for (size_t i = 0; i < all->count; i++)
        if (!redis_link_in_flight(all->watchers[i].link))
            ask(&all->watchers[i]);
}

void redis_sentinels_confirm(struct redis_sentinels *all)
{
    all->is_confirming = true;
    for (size_t i = 0; i < all->count; i++) {
        all->watchers[i].needed = all->watchers[i].asked + 1;
        ask(&all->watchers[i]);
    }
}

static void start(struct redis_sentinels *all, size_t index)
{
    struct redis_bus *bus = all->bus;
    struct watcher *watcher = &all->watchers[index];
    const struct redis_link_events events = {.judge = judge,
                                             .on_up = on_up,
                                             .on_down = on_down,
                                             .arg = watcher,
                                             .reason = &bus->reason};
    watcher->all = all;
    watcher->url = (struct redis_url){
        .host = bus->url.seeds[index].name,
        .port = bus->url.seeds[index].port,
        .login = &all->login,
        .has_tls = bus->options->sentinel_tls,
        .is_sentinel = true,
    };
    snprintf(watcher->name, sizeof watcher->name, "sentinel %zu", index + 1);
    watcher->link =
        redis_link_new(bus->loop, watcher->name, bus->options, &watcher->url,
                       watcher->url.has_tls ? bus->tls : NULL, &events);
}

struct redis_sentinels *
redis_sentinels_new(struct redis_bus *bus,
                    const struct redis_sentinels_events *events)
{
    struct redis_sentinels *all = memory_new(1, sizeof *all);
    all->bus = bus;
    all->events = *events;
    all->count = bus->url.seed_count;
    all->watchers = memory_new(all->count, sizeof *all->watchers);
    redis_login_init(&all->login, bus->options->sentinel_user,
                     bus->options->sentinel_password);
    for (size_t i = 0; i < all->count; i++)
        start(all, i);
    all->timer = loop_timer_new(bus->loop, ASK_MS, ASK_MS, on_ask, all);
    return all;
}

void redis_sentinels_use_login(struct redis_sentinels *all,
                               struct redis_login *login)
{
    if (redis_login_equal(&all->login, login))
        return;
    redis_login_take(&all->login, login);
    for (size_t i = 0; i < all->count; i++)
        redis_link_hurry(all->watchers[i].link);
}

void redis_sentinels_show(const struct redis_sentinels *all,
                          struct redis_topology *topology)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct watcher *watcher = &all->watchers[i];
        struct redis_place *place =
            redis_topology_add(topology, "sentinel", watcher->url.host,
                               watcher->url.port, watcher->link);
        place->is_up = watcher->host[0] != '\0';
    }
}

void redis_sentinels_stop(struct redis_sentinels *all)
{
    if (!all)
        return;
    loop_timer_free(all->timer);
    for (size_t i = 0; i < all->count; i++)
        redis_link_free(all->watchers[i].link);
}

void redis_sentinels_free(struct redis_sentinels *all)
{
    if (all) {
        redis_login_deinit(&all->login);
        free(all->watchers);
    }
    free(all);
}

bool redis_sentinels_agree(const struct redis_sentinels *all)
{
    return all->agree;
}

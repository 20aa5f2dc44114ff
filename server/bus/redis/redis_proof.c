#include "bus/redis/redis_proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "bus/redis/redis_backlog.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_order.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_sentinel.h"

enum { ECHO_MS = 400, CHECK_MS = 100, PROBE_MS = 2000, KEEP_MS = 3600000 };

/* ---- the same server ---------------------------------------------------- */

const char *redis_proof_judge_as(struct redis_bus *bus,
                                 const struct redis_server *server,
                                 enum redis_target target)
{
    const char *misfit =
        redis_server_misfit(server, redis_is_sharded(bus), target);
    const char *before = bus->proof.misfit;
    if (misfit && misfit != before)
        log_event(LOG_ERROR, "Redis server unusable", LOG_TEXT("why", misfit));
    bus->proof.misfit = misfit;
    if (misfit)
        redis_reason_set(&bus->reason, "%s", misfit);
    return misfit;
}

const char *redis_proof_judge(void *arg, const struct redis_server *server)
{
    struct redis_bus *bus = arg;
    return redis_proof_judge_as(bus, server,
                                bus->url.is_cluster ? REDIS_TARGET_NODE
                                : bus->url.master   ? REDIS_TARGET_NAMED
                                                    : REDIS_TARGET_SERVER);
}

static void connect_anew(struct redis_bus *bus, const char *why)
{
    metrics_add(&bus->metrics, METRIC_REDIS_MOVED, 1);
    bus->proof.probe_ms = clock_steady_ms() + PROBE_MS;
    redis_link_reset(bus->commands, why);
    redis_link_reset(bus->subscriptions, why);
    redis_link_reset(bus->input, why);
}

static bool differ(const struct redis_link *one, const struct redis_link *other)
{
    return redis_link_is_up(one) && redis_link_is_up(other) &&
           redis_server_differs(redis_link_server(one),
                                redis_link_server(other));
}

bool redis_proof_compare(struct redis_bus *bus)
{
    if (!differ(bus->commands, bus->subscriptions) &&
        !differ(bus->commands, bus->input) &&
        !differ(bus->subscriptions, bus->input))
        return true;
    connect_anew(bus, "connections reach different servers");
    return false;
}

static void on_probe_up(void *arg)
{
    struct redis_bus *bus = arg;
    struct redis_proof *proof = &bus->proof;
    /* the timer frees the link, which is in use here */
    proof->has_probed = true;
    if (redis_link_is_up(bus->commands) &&
        redis_server_has_changed(redis_link_server(bus->commands),
                                 redis_link_server(proof->probe)))
        connect_anew(bus, "a different server now answers at this address");
}

static void end_probe(struct redis_proof *proof)
{
    redis_link_free(proof->probe);
    proof->probe = NULL;
    proof->has_probed = false;
}

/* Open links stay connected even if an address moves. */
static void probe(struct redis_bus *bus, uint64_t now_ms)
{
    struct redis_proof *proof = &bus->proof;
    const struct redis_link_events events = {.on_up = on_probe_up, .arg = bus};
    if (proof->has_probed)
        end_probe(proof);
    if (proof->probe || now_ms < proof->probe_ms || !bus->is_ready ||
        !redis_link_server(bus->commands)->run_id[0])
        return;
    proof->probe_ms = now_ms + PROBE_MS;
    proof->probe = redis_link_new(bus->loop, NULL, bus->options, &bus->target,
                                  bus->url.has_tls ? bus->tls : NULL, &events);
}

/* ---- the same data ------------------------------------------------------ */

/* An unanswered publish is resent only to a server that remembers whether it
 * was executed. */
static void refuse_unsure(struct redis_bus *bus)
{
    redis_backlog_resume(bus);
    uint32_t count = bus->backlog_count;
    struct request *kept = NULL;
    struct request **end = &kept;
    while (count--) {
        struct request *request = redis_backlog_take(bus);
        if (request->is_unsure) {
            redis_refuse(bus, request);
            continue;
        }
        *end = request;
        end = &request->next;
    }
    *end = NULL;
    while (kept) {
        struct request *request = kept;
        kept = kept->next;
        redis_backlog_add(bus, request);
    }
}

void redis_proof_doubt(struct redis_bus *bus)
{
    refuse_unsure(bus);
    redis_orders_doubt(bus);
}

/* Before this server is used: does it have the data acknowledged by the
 * previous one? */
static void take_server(struct redis_bus *bus)
{
    struct redis_proof *proof = &bus->proof;
    const struct redis_server *server = redis_link_server(bus->commands);
    bool is_same_data = redis_server_has_same_data(&proof->server, server);
    bool has_memory =
        is_same_data ||
        (!server->was_promoted && strcmp(proof->dataset, proof->former) == 0);
    memcpy(proof->former, proof->dataset, sizeof proof->former);
    proof->server = *server;
    if (!has_memory)
        refuse_unsure(bus);
    if (!is_same_data)
        redis_orders_doubt(bus);
}

/* ---- echoes ------------------------------------------------------------- */

/* Redis reports no receiver, or the echo did not return. */
static void take_as_deaf(struct redis_bus *bus)
{
    redis_echo_forgive(&bus->proof.echo);
    metrics_add(&bus->metrics, METRIC_REDIS_DEAF, 1);
    redis_link_reset(bus->subscriptions,
                     "messages published by this instance do not come back");
}

static void on_echo_sent(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    struct redis_proof *proof = &bus->proof;
    int64_t receivers;
    if (!reply)
        return;
    bool is_accepted = redis_push_number(reply, &receivers);
    redis_echo_answered(&proof->echo, is_accepted && proof->is_subscribed,
                        clock_steady_ms());
    if (is_accepted && proof->is_subscribed && !receivers)
        take_as_deaf(bus);
}

/* In a Redis Cluster, PUBLISH is broadcast to all nodes: echoes of all
 * instances on all nodes would be too many. */
static struct bytes verb(const struct redis_bus *bus, const char *sharded,
                         const char *plain)
{
    return bytes_of(bus->url.is_cluster ? sharded : plain);
}

uint64_t redis_proof_echo(struct redis_bus *bus)
{
    struct redis_proof *proof = &bus->proof;
    char number[24];
    snprintf(number, sizeof number, "%" PRIu64, ++proof->echo.sent);
    const struct bytes words[] = {verb(bus, "SPUBLISH", "PUBLISH"),
                                  bytes_of(proof->channel), bytes_of(number)};
    proof->echo_ms = clock_steady_ms() + ECHO_MS;
    redis_link_send(bus->commands, words, 3, on_echo_sent, bus);
    return proof->echo.sent;
}

static void prove(struct redis_bus *bus)
{
    struct redis_proof *proof = &bus->proof;
    if (proof->is_registered && proof->is_subscribed &&
        (proof->is_elected || !bus->sentinels) && redis_proof_compare(bus))
        proof->needed = redis_proof_echo(bus);
}

void redis_proof_on_echo(struct redis_bus *bus, struct bytes text)
{
    struct redis_proof *proof = &bus->proof;
    if (!redis_echo_take(&proof->echo, text, clock_steady_ms()) ||
        proof->echo.heard < proof->needed || !proof->is_registered ||
        !proof->is_subscribed)
        return;
    if (!proof->is_proven && !bus->is_serving)
        take_server(bus);
    proof->is_proven = true;
    redis_bus_serve(bus);
}

/* ---- links that come and go --------------------------------------------- */

/* It ends a day after the last instance, as what it stands for does. */
static void keep_dataset(struct redis_bus *bus)
{
    char *key = redis_name(bus, "dataset");
    const struct bytes words[] = {BYTES_LITERAL("EXPIRE"), bytes_of(key),
                                  BYTES_LITERAL("86400")};
    bus->proof.kept_ms = clock_steady_ms();
    redis_link_send(bus->commands, words, 3, NULL, NULL);
    free(key);
}

/* The mark identifies the data: SET ... NX GET returns the existing mark, or
 * nil if this instance's one was set. */
static void on_dataset(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    struct bytes mark;
    if (!reply || redis_push_error(reply))
        return;
    if (redis_push_bytes(reply, &mark))
        snprintf(bus->proof.dataset, sizeof bus->proof.dataset, "%.*s",
                 (int)mark.len, mark.data);
    bus->proof.is_registered = true;
    keep_dataset(bus);
    prove(bus);
}

void redis_proof_registered(struct redis_bus *bus)
{
    struct redis_proof *proof = &bus->proof;
    snprintf(proof->dataset, sizeof proof->dataset, "%016" PRIx64,
             random_uint64());
    char *key = redis_name(bus, "dataset");
    const struct bytes words[] = {BYTES_LITERAL("SET"), bytes_of(key),
                                  bytes_of(proof->dataset), BYTES_LITERAL("NX"),
                                  BYTES_LITERAL("GET")};
    redis_link_send(bus->commands, words, 5, on_dataset, bus);
    free(key);
}

void redis_proof_elected(struct redis_bus *bus)
{
    bus->proof.is_elected = true;
    prove(bus);
}

void redis_proof_subscribed(struct redis_bus *bus)
{
    bus->proof.is_subscribed = true;
    bus->proof.asked_ms = 0;
    prove(bus);
}

void redis_proof_commands_down(struct redis_bus *bus)
{
    struct redis_proof *proof = &bus->proof;
    proof->is_proven = false;
    proof->is_registered = false;
    proof->is_elected = false;
    proof->needed = UINT64_MAX; /* earlier echoes are invalid */
    redis_echo_cut(&proof->echo);
}

void redis_proof_subscriptions_down(struct redis_bus *bus)
{
    bus->proof.is_proven = false;
    bus->proof.is_subscribed = false;
    bus->proof.needed = UINT64_MAX;
    redis_echo_forgive(&bus->proof.echo);
    bus->proof.asked_ms = 0;
}

void redis_proof_subscribe(struct redis_bus *bus)
{
    const struct bytes words[] = {verb(bus, "SSUBSCRIBE", "SUBSCRIBE"),
                                  bytes_of(bus->proof.channel)};
    bus->proof.asked_ms = clock_steady_ms();
    redis_link_push(bus->subscriptions, words, 2);
}

static bool is_over(const struct redis_bus *bus, uint64_t since_ms,
                    uint64_t now_ms)
{
    return since_ms &&
           clock_elapsed(now_ms, since_ms) > bus->options->timeout_ms;
}

static void on_check(void *arg)
{
    struct redis_bus *bus = arg;
    struct redis_proof *proof = &bus->proof;
    uint64_t now_ms = clock_steady_ms();
    uint64_t late_ms = loop_timer_late_ns(proof->timer) / 1000000;
    redis_echo_excuse(&proof->echo, late_ms);
    if (proof->asked_ms)
        proof->asked_ms += late_ms;
    if (redis_echo_is_late(&proof->echo, bus->options->timeout_ms, now_ms) ||
        is_over(bus, proof->asked_ms, now_ms))
        take_as_deaf(bus);
    else if (proof->is_registered && proof->is_subscribed &&
             now_ms >= proof->echo_ms)
        redis_proof_echo(bus);
    if (bus->is_serving && clock_elapsed(now_ms, proof->kept_ms) > KEEP_MS)
        keep_dataset(bus);
    probe(bus, now_ms);
}

const char *redis_proof_why(struct redis_bus *bus)
{
    const struct redis_sentinels *sentinels = bus->sentinels;
    if (sentinels && !redis_sentinels_agree(sentinels))
        return "Redis is unavailable: too few Sentinels report a master";
    return redis_reason_text(&bus->reason);
}

void redis_proof_init(struct redis_bus *bus)
{
    char name[32];
    snprintf(name, sizeof name, "echo:%s", bus->id);
    bus->proof.channel = redis_name(bus, name);
    bus->proof.needed = UINT64_MAX;
    bus->proof.timer =
        loop_timer_new(bus->loop, CHECK_MS, CHECK_MS, on_check, bus);
}

void redis_proof_deinit(struct redis_bus *bus)
{
    loop_timer_free(bus->proof.timer);
    bus->proof.timer = NULL;
    end_probe(&bus->proof);
}

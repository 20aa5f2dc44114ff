/* The thread, its links, and the dispatch of requests. */
#include "bus/redis/bus_redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"
#include "bus/redis/redis_announce.h"
#include "bus/redis/redis_backlog.h"
#include "bus/redis/redis_bans.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_channel.h"
#include "bus/redis/redis_clients.h"
#include "bus/redis/redis_cluster.h"
#include "bus/redis/redis_control.h"
#include "bus/redis/redis_input.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_lease.h"
#include "bus/redis/redis_leavers.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_order.h"
#include "bus/redis/redis_proof.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_receive.h"
#include "bus/redis/redis_relogin.h"
#include "bus/redis/redis_repair.h"
#include "bus/redis/redis_requests.h"
#include "bus/redis/redis_scripts.h"
#include "bus/redis/redis_send.h"
#include "bus/redis/redis_sentinel.h"
#include "bus/redis/redis_servers.h"
#include "bus/redis/redis_surveys.h"
#include "bus/redis/redis_tls.h"
#include "bus/redis/redis_topology.h"
#include "bus/redis/redis_url.h"
#include "bus/redis/redis_writes.h"
#include "messaging/names.h"
#include "messaging/store/epoch.h"

static void update_ready(struct redis_bus *bus)
{
    bool is_ready = bus->is_serving && bus->is_listening &&
                    (!bus->cluster || redis_cluster_is_proven(bus->cluster));
    if (is_ready != bus->is_ready)
        metrics_add(&bus->metrics, METRIC_REDIS_READY, is_ready ? 1 : -1);
    bus->is_ready = is_ready;
}

static void start_serving(struct redis_bus *bus)
{
    bus->is_serving = true;
    redis_writes_note_done(bus); /* the first heartbeat was answered */
    redis_backlog_resume(bus);
    redis_link_settle(bus->commands);
    update_ready(bus);
    redis_presence_restore(bus);
    redis_channels_read_again(bus);
    redis_bans_read(bus);
    redis_pump(bus);
}

static void stop_serving(struct redis_bus *bus)
{
    bus->is_serving = false;
    update_ready(bus);
}

/* The first heartbeat proves that Redis accepts writes. */
static void on_registered(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    if (redis_writes_is_refusal(bus, reply))
        redis_writes_note_refusal(bus, reply);
    if (redis_push_error(reply))
        redis_link_reset(bus->commands, redis_push_error(reply));
    else if (reply)
        redis_proof_registered(bus);
}

/* SCRIPT LOAD returns a script's hash. */
static void on_loaded(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    const char *sha = redis_push_text(reply);
    if (!reply || !sha || strlen(sha) != 40) {
        if (reply)
            redis_link_reset(bus->commands, redis_push_error(reply)
                                                ? redis_push_error(reply)
                                                : "a script is not loaded");
        return;
    }
    memcpy(bus->shas[bus->scripts_loaded++], sha, 41);
    if (bus->scripts_loaded == SCRIPT_COUNT)
        redis_presence_register(bus, on_registered);
}

static void on_commands_up(void *arg)
{
    struct redis_bus *bus = arg;
    metrics_add(&bus->metrics, METRIC_REDIS_COMMANDS_UP, 1);
    redis_link_hurry(bus->subscriptions);
    redis_link_hurry(bus->input);
    if (!redis_proof_compare(bus))
        return;
    bus->scripts_loaded = 0;
    if (bus->sentinels)
        redis_sentinels_confirm(bus->sentinels);
    for (enum redis_script i = 0; i < SCRIPT_COUNT; i++) {
        const struct bytes words[] = {BYTES_LITERAL("SCRIPT"),
                                      BYTES_LITERAL("LOAD"),
                                      redis_script_source(i)};
        redis_link_send(bus->commands, words, 3, on_loaded, bus);
    }
}

static void on_commands_down(void *arg)
{
    redis_proof_commands_down(arg);
    stop_serving(arg);
}

static void on_subscriptions_up(void *arg)
{
    struct redis_bus *bus = arg;
    metrics_add(&bus->metrics, METRIC_REDIS_SUBSCRIPTIONS_UP, 1);
    if (!redis_proof_compare(bus))
        return;
    redis_announce_subscribe(bus);
    redis_proof_subscribe(bus); /* its confirmation arrives after the others */
    bus->has_lease = false;     /* renewed, together with the pattern */
    redis_channels_subscribe_again(bus);
}

static void on_subscriptions_down(void *arg)
{
    struct redis_bus *bus = arg;
    bus->is_listening = false;
    redis_proof_subscriptions_down(bus);
    update_ready(bus);
    redis_channels_forget(bus);
}

/* A temporary error: reconnecting checks scripts, role and login again. */
static void on_refused(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    const char *error = redis_push_error(reply);
    if (bus->cluster && redis_push_is_redirection(reply))
        return; /* handled by redis_send.c */
    if (redis_push_is_login_error(reply))
        return; /* handled by redis_relogin.c */
    if (redis_writes_is_refusal(bus, reply) &&
        !redis_writes_is_read_only(reply)) {
        redis_writes_note_refusal(bus, reply);
        return; /* reads still work */
    }
    if (redis_is_passing_error(reply)) {
        stop_serving(bus);
        redis_link_reset(bus->commands, error);
        return;
    }
    log_limited(LOG_ERROR, 1, "Redis command refused",
                LOG_TEXT("error", error));
}

static void on_input_up(void *arg)
{
    if (redis_proof_compare(arg))
        redis_input_on_up(arg);
}

static void on_input_down(void *arg)
{
    (void)arg; /* restarts when the link is up */
}

static void start_listening(struct redis_bus *bus)
{
    bus->is_listening = true;
    redis_link_settle(bus->subscriptions);
    update_ready(bus);
    redis_clients_tell_all(bus); /* newer ones elsewhere may have been missed */
    redis_pump(bus);
}

void redis_bus_serve(struct redis_bus *bus)
{
    if (!bus->is_serving)
        start_serving(bus);
    if (!bus->is_listening)
        start_listening(bus);
}

static void note_state(struct redis_bus *bus)
{
    struct metrics *metrics = &bus->metrics;
    metrics_set(metrics, METRIC_REDIS_BACKLOG, bus->backlog_count);
    metrics_set(metrics, METRIC_REDIS_IN_FLIGHT, bus->in_flight);
    metrics_note_thread(metrics, loop_timer_late_ns(bus->tick));
}

static void on_tick(void *arg)
{
    struct redis_bus *bus = arg;
    uint64_t now = clock_steady_ms();
    note_state(bus);
    redis_servers_show(bus);
    bus->seconds++;
    redis_expire_backlog(bus, now);
    redis_channels_tick(bus, now);
    redis_leavers_tick(bus, now);
    redis_input_tick(bus);
    redis_clients_tick(bus);
    redis_presence_tick(bus);
    redis_orders_tick(bus);
    redis_surveys_tick(bus, now);
    redis_bans_tick(bus);
    redis_pump(bus);
}

/* The Sentinels report another master: reconnects everything immediately. */
static void on_master(struct redis_bus *bus, const char *host, uint16_t port)
{
    struct redis_link *const links[] = {bus->commands, bus->subscriptions,
                                        bus->input};
    snprintf(bus->target_host, sizeof bus->target_host, "%s", host);
    bus->target.host = bus->target_host;
    bus->target.port = port;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        redis_link_reset(links[i], "the master was replaced");
        redis_link_hurry(links[i]);
    }
}

/* Repeats updates that the node missed. Another server may lack the last
 * updates of the previous one. */
static void on_node_proven(struct redis_bus *bus, bool is_other)
{
    if (is_other)
        redis_proof_doubt(bus);
    if (is_other && bus->presence.is_used)
        bus->presence.is_doubtful = true;
    redis_backlog_resume(bus);
    update_ready(bus);
    if (!bus->is_serving)
        return;
    redis_channels_read_again(bus);
    redis_pump(bus);
}

static void connect_all(struct redis_bus *bus)
{
    const struct redis_tls *tls = bus->url.has_tls ? bus->tls : NULL;
    const struct redis_link_events commands = {.judge = redis_proof_judge,
                                               .on_up = on_commands_up,
                                               .on_down = on_commands_down,
                                               .on_refused = on_refused,
                                               .arg = bus,
                                               .round_trips = &bus->metrics,
                                               .reason = &bus->reason};
    const struct redis_link_events subscriptions = {
        .judge = redis_proof_judge,
        .on_up = on_subscriptions_up,
        .on_down = on_subscriptions_down,
        .on_push = redis_receive,
        .arg = bus,
        .reason = &bus->reason};
    const struct redis_link_events input = {.judge = redis_proof_judge,
                                            .on_up = on_input_up,
                                            .on_down = on_input_down,
                                            .arg = bus,
                                            .reason = &bus->reason};
    bus->commands = redis_link_new(bus->loop, "commands", bus->options,
                                   &bus->target, tls, &commands);
    bus->subscriptions =
        redis_link_new(bus->loop, "subscriptions", bus->options, &bus->target,
                       tls, &subscriptions);
    bus->input = redis_link_new(bus->loop, "input", bus->options, &bus->target,
                                tls, &input);
    const struct redis_sentinels_events named = {on_master,
                                                 redis_proof_elected};
    const struct redis_cluster_events nodes = {
        .judge = redis_proof_judge_as,
        .on_home = on_master,
        .on_proven = on_node_proven,
        .on_lost = update_ready,
        .on_push = redis_receive,
        .on_echo = redis_repairs_judge,
        .on_channels_lost = redis_channels_forget,
        .on_channels_back = redis_channels_subscribe_again};
    if (bus->url.is_cluster)
        bus->cluster = redis_cluster_new(bus, &nodes);
    if (bus->url.master)
        bus->sentinels = redis_sentinels_new(bus, &named);
}

static void disconnect_all(struct redis_bus *bus)
{
    bus->is_serving = false;
    redis_link_free(bus->commands);
    redis_link_free(bus->subscriptions);
    redis_link_free(bus->input);
    redis_sentinels_stop(bus->sentinels);
    redis_cluster_stop(bus->cluster);
    redis_send_stop(bus);
}

static void *run(void *arg)
{
    enum { TICK_MS = 1000 };
    struct redis_bus *bus = arg;
    redis_proof_init(bus);
    connect_all(bus);
    redis_presence_init(bus);
    bus->tick = loop_timer_new(bus->loop, TICK_MS, TICK_MS, on_tick, bus);
    loop_run(bus->loop);
    return NULL;
}

static void end_now(struct redis_bus *bus)
{
    loop_timer_free(bus->farewell);
    bus->farewell = NULL;
    disconnect_all(bus);
    loop_stop(bus->loop);
}

/* The last commands (members that left) should still reach Redis. */
static void on_farewell(void *arg)
{
    enum { STEPS = 50 };
    struct redis_bus *bus = arg;
    if (!redis_link_in_flight(bus->commands) || ++bus->farewell_steps > STEPS)
        end_now(bus);
}

/* No timer may send a heartbeat after the farewell. */
static void begin_farewell(struct redis_bus *bus)
{
    enum { STEP_MS = 20 };
    bus->is_stopping = false;
    loop_timer_free(bus->tick);
    redis_presence_deinit(bus);
    redis_proof_deinit(bus);
    redis_presence_farewell(bus);
    redis_input_farewell(bus);
    bus->farewell = loop_timer_new(bus->loop, 0, STEP_MS, on_farewell, bus);
}

static void on_turn(void *arg)
{
    struct redis_bus *bus = arg;
    while (inbox_drain(&bus->inbox))
        ; /* handle requests; their commands are sent as one write */
    redis_channels_compare(bus);
    redis_pump(bus); /* answers have freed room */
    redis_channels_turn(bus);
    if (bus->is_stopping)
        begin_farewell(bus);
}

static void wake(void *arg)
{
    struct redis_bus *bus = arg;
    loop_wake(bus->loop);
}

static void serve_here(void *subject, void *object)
{
    redis_serve(subject, object);
}

static void bus_redis_submit(struct bus *base, struct request *request)
{
    struct redis_bus *bus = (struct redis_bus *)base;
    if (bus->is_stopped) {
        request->fault = FAULT_UNAVAILABLE;
        request_finish(request);
        return;
    }
    inbox_post(&bus->inbox, (struct inbox_item){serve_here, bus, request});
}

static void bus_redis_tick(struct bus *base)
{
    (void)base; /* its own thread has a clock */
}

static bool bus_redis_is_ready(struct bus *base, const char **why)
{
    struct redis_bus *bus = (struct redis_bus *)base;
    *why = redis_proof_why(bus);
    return bus->is_ready;
}

/* Clients may reconnect to another instance: Redis keeps them as members. */
static void bus_redis_drain(struct bus *base)
{
    (void)base;
}

static void stop_here(void *subject, void *object)
{
    (void)object;
    struct redis_bus *bus = subject;
    bus->is_stopping = true;
}

static void bus_redis_stop(struct bus *base)
{
    struct redis_bus *bus = (struct redis_bus *)base;
    inbox_post(&bus->inbox, (struct inbox_item){stop_here, bus, NULL});
    pthread_join(bus->thread, NULL);
    bus->is_stopped = true;
    loop_finish(bus->loop);
    redis_channels_free(bus);
    redis_clients_free(bus);
    redis_orders_free(bus);
    redis_leavers_free(bus);
    redis_surveys_free(bus);
    redis_expire_backlog(bus, UINT64_MAX);
}

static void bus_redis_free(struct bus *base)
{
    struct redis_bus *bus = (struct redis_bus *)base;
    loop_free(bus->loop);
    inbox_deinit(&bus->inbox);
    redis_reason_deinit(&bus->reason);
    redis_tls_free(bus->tls);
    redis_url_deinit(&bus->url);
    redis_sentinels_free(bus->sentinels);
    redis_cluster_free(bus->cluster);
    redis_topology_free(bus->topology);
    free(bus->proof.channel);
    free(bus);
}

static const struct bus_ops ops = {
    .submit = bus_redis_submit,
    .tick = bus_redis_tick,
    .is_ready = bus_redis_is_ready,
    .drain = bus_redis_drain,
    .stop = bus_redis_stop,
    .free = bus_redis_free,
};

void bus_redis_use_login(struct bus *base, const struct redis_options *options)
{
    redis_relogin((struct redis_bus *)base, options);
}

void bus_redis_write_nodes(const struct bus *base, struct buffer *out)
{
    redis_topology_write(((const struct redis_bus *)base)->topology, out);
}

const struct metrics *bus_redis_metrics(const struct bus *base)
{
    return &((const struct redis_bus *)base)->metrics;
}

struct bus *bus_redis_new(const struct instance *instance,
                          const struct redis_options *options,
                          struct error *error)
{
    struct redis_url url;
    struct redis_tls *tls = NULL;
    if (!redis_url_parse(options->url, &url, error))
        return NULL;
    bool has_tls = url.has_tls || options->sentinel_tls;
    if (has_tls && !(tls = redis_tls_new(options, error))) {
        redis_url_deinit(&url);
        return NULL;
    }
    struct redis_bus *bus = memory_new(1, sizeof *bus);
    bus->base.ops = &ops;
    bus->base.is_shared = true;
    bus->limits_clients = options_limit_clients(instance->options);
    bus->instance = instance;
    bus->options = options;
    bus->url = bus->target = url;
    bus->tls = tls;
    snprintf(bus->id, sizeof bus->id, "%016llx",
             (unsigned long long)random_uint64());
    snprintf(bus->metrics.thread, sizeof bus->metrics.thread, "bus");
    bus->topology = redis_topology_new();
    bus->loop = loop_new(on_turn, bus);
    inbox_init(&bus->inbox, wake, bus);
    redis_reason_init(&bus->reason);
    thread_start(&bus->thread, run, bus);
    return &bus->base;
}

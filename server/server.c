#include "server.h"

#include "server_parts.h"
#include "server_reload.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "auth/auth.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "bus/local/bus_local.h"
#include "bus/redis/bus_redis.h"
#include "config/config_load.h"
#include "config/config_notes.h"
#include "config/config_reload.h"
#include "hooks/hook_caller.h"
#include "messaging/audit.h"
#include "messaging/bans.h"
#include "messaging/bus.h"
#include "messaging/client_rates.h"
#include "messaging/deliveries.h"
#include "messaging/hub.h"
#include "messaging/refusal_log.h"
#include "messaging/refusals.h"
#include "messaging/watch/overview.h"
#include "net/listen/listeners.h"
#include "net/net.h"
#include "net/tls/tls.h"
#include "process/account_service.h"
#include "process/announce.h"
#include "process/fresh_token.h"
#include "process/handed_check.h"
#include "process/handover.h"
#include "process/instance_report.h"
#include "process/notify.h"
#include "process/process_metrics.h"
#include "process/readiness.h"
#include "process/token_keys.h"
#include "protocols/protocols.h"
#include "protocols/pusher/pusher_rules.h"

static bool is_ready(void *arg, const char **why)
{
    struct server *server = arg;
    return readiness_is_given(&server->readiness, why);
}

static bool origin_is_allowed(void *arg, struct bytes origin, struct bytes host,
                              bool is_secure)
{
    const struct server *server = arg;
    return auth_origin_is_allowed(server->net->auth, origin, host, is_secure);
}

static void write_process(const struct server *server, struct buffer *out)
{
    const struct process_facts facts = {
        .start = (uint64_t)server->start_ms / 1000,
        .failed_upgrades = server->failed_upgrades,
        .is_reloaded = server->is_reloaded,
        .reload = (uint64_t)server->reload_ms / 1000,
        .certificate_expires = server->tls ? tls_expires(server->tls) : -1,
        .connections_limit = server->options.limits.connections,
        .descriptors_limit = server->net->descriptors.allowed,
    };
    process_metrics_write(&facts, out);
}

static void write_metrics(void *arg, struct buffer *out)
{
    const struct server *server = arg;
    const struct metrics *more[] = {server->bus_metrics, server->hook_metrics};
    net_write_metrics(server->net, more, sizeof more / sizeof *more, out);
    if (server->instance.bus->is_shared)
        bus_redis_write_nodes(server->instance.bus, out);
    api_write_metrics(server->api, out);
    write_process(server, out);
}

static void write_report(void *arg, struct buffer *out)
{
    const struct server *server = arg;
    instance_report_write(server->net, server->bus_metrics,
                          server->overview.name, server->start_ms, out);
}

static bool make_auth(struct server *server, struct error *error)
{
    const struct auth_options *options = &server->config->auth;
    server->token_keys = token_keys_new(options, server->accounts);
    server->auth = token_keys_build(server->token_keys, options, error);
    return server->auth != NULL;
}

static bool make_api(struct server *server, struct error *error)
{
    const struct api_sources sources = {
        .is_ready = is_ready,
        .origin_is_allowed = origin_is_allowed,
        .write_metrics = write_metrics,
        .arg = server,
    };
    server->api = api_new(&sources, &server->config->api,
                          server->config->web_root, error);
    pusher_rules_use(&server->config->pusher_apps);
    if (server->api)
        api_use_protocols(server->api, protocols);
    return server->api != NULL;
}

static bool make_bus(struct server *server, struct error *error)
{
    struct instance *instance = &server->instance;
    const struct redis_options *redis = &server->config->redis;
    if (!redis->url) {
        instance->bus = bus_local_new(instance);
        server->bus_metrics = bus_local_metrics(instance->bus);
        return true;
    }
    instance->bus = bus_redis_new(instance, redis, error);
    if (instance->bus)
        server->bus_metrics = bus_redis_metrics(instance->bus);
    return instance->bus != NULL;
}

static void make_hooks(struct server *server)
{
    const struct hook_options *options = &server->config->hooks;
    if (!options->url && !server->config->pusher_apps.count)
        return; /* no hooks */
    server->instance.hooks = hook_caller_new(options, &server->options.limits);
    server->hook_metrics = hook_caller_metrics(server->instance.hooks);
}

static bool make_instance(struct server *server, struct error *error)
{
    struct instance *instance = &server->instance;
    server->options = server->config->messaging;
    server->options.channels.of_protocol = pusher_rules_find;
    instance->options = &server->options;
    instance->hub = hub_new(deliveries_push);
    instance->clients = clients_new();
    instance->client_rates = client_rates_new();
    instance->refusals = refusals_new();
    instance->refusal_log = refusal_log_new();
    instance->bans = bans_new();
    server->overview.write_metrics = write_metrics;
    server->overview.write_report = write_report;
    server->overview.arg = server;
    instance->overview = &server->overview;
    make_hooks(server);
    return make_bus(server, error);
}

static bool make_tls(struct server *server, struct error *error)
{
    if (!server->config->tls.cert)
        return true;
    server->tls = tls_new(&server->config->tls, error);
    return server->tls != NULL;
}

static bool make_net(struct server *server, struct error *error)
{
    const struct config *config = server->config;
    const struct net_options options = {
        .host = config->host,
        .port = config->port,
        .admin = &config->admin,
        .workers = config->workers,
        .io_uring = config->io_uring,
        .drain_seconds = config->drain_seconds,
        .explain_refusals = config->explain_refusals,
        .default_channel = config->default_channel,
        .tls = server->tls,
        .dashboard = config->dashboard,
        .proxy_protocol = config->proxy_protocol,
        .trusted_proxies = config->trusted_proxies,
        .forwarded_header = config->forwarded_header,
        .handed = server->handed.sockets,
        .handed_count = server->handed.count,
    };
    server->net =
        net_new(&options, &server->instance, server->auth, protocols, error);
    server->readiness = (struct readiness){
        .net = server->net,
        .bus = server->instance.bus,
        .grace_ms = config->redis.ready_grace_seconds * 1000,
    };
    server->instance.token_judge =
        (struct token_judge){fresh_token_judge, server->net};
    return server->net != NULL;
}

struct server *server_new(const struct config *config,
                          const struct config_sources *sources,
                          struct error *error)
{
    struct server *server = memory_new(1, sizeof *server);
    server->sources = sources;
    server->config = config;
    server->start_ms = clock_wall_ms();
    server->reload_ms = server->start_ms;
    server->is_reloaded = true;
    hash_seed();
    if (handover_take(&server->handed, error) &&
        handed_check(config, &server->handed, error) &&
        make_api(server, error) && make_tls(server, error) &&
        make_instance(server, error) &&
        account_service_new(server->config, server->api, &server->accounts,
                            error) &&
        make_auth(server, error) && make_net(server, error))
        return server;
    server_free(server);
    return NULL;
}

/* The signal that came within a second, or 0. */
static int wait_signal(const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};
    int number = sigtimedwait(signals, NULL, &second);
    return number > 0 ? number : 0;
}

static void use_fetched_keys(struct server *server)
{
    struct error error;
    if (!token_keys_tick(server->token_keys))
        return;
    const struct config *config =
        server->reloaded ? server->reloaded : server->config;
    struct auth *auth =
        token_keys_build(server->token_keys, &config->auth, &error);
    if (!auth) {
        log_event(LOG_ERROR, "Key set rejected",
                  LOG_TEXT("reason", error.text));
        return;
    }
    net_use_auth(server->net, auth);
    server->auth = auth;
}

static void tick(struct server *server)
{
    struct bus *bus = server->instance.bus;
    bus->ops->tick(bus);
    use_fetched_keys(server);
    readiness_tick(&server->readiness);
    log_tick();
    if (server->tls)
        tls_tick(server->tls);
    notify_alive(net_silence_ms(server->net));
}

static void keep_going(void *server)
{
    tick(server);
}

/* Returns whether another process has taken over. This one serves until then.
 * */
static bool upgrade(struct server *server)
{
    struct error error;
    uint32_t count;
    struct listen_socket *listeners = listeners_list(server->net, &count);
    enum handover_end end = handover_run(server->sources->arguments, listeners,
                                         count, keep_going, server, &error);
    free(listeners);
    if (end == HANDOVER_FAILED) {
        server->failed_upgrades++;
        log_event(LOG_ERROR,
                  "Upgrade failed; continuing with the running process",
                  LOG_TEXT("reason", error.text));
        notify_send_status("WATCHDOG=1", "Upgrade failed: %s", error.text);
    }
    return end == HANDOVER_DONE;
}

static void stop_at_once(struct server *server)
{
    log_event(LOG_WARN, "Second signal received; stopping immediately");
    net_stop(server->net);
}

/* Gives load balancers time to send new clients elsewhere. False: a second
 * signal arrived. */
static bool announce_end(struct server *server, const sigset_t *signals)
{
    uint32_t seconds = server->config->drain_delay_seconds;
    uint64_t until_ms = clock_steady_ms() + (uint64_t)seconds * 1000;
    if (!seconds)
        return true;
    server->net->is_leaving = true;
    log_event(LOG_INFO, "Readiness withdrawn", LOG_NUMBER("seconds", seconds));
    while (clock_steady_ms() < until_ms) {
        if (wait_signal(signals)) {
            stop_at_once(server);
            return false;
        }
        tick(server);
    }
    return true;
}

/* Ends when all connections are closed, or at once after one of `signals`. */
static void drain(struct server *server, const sigset_t *signals)
{
    const long longest_step = 50000000;
    struct timespec step = {.tv_nsec = 1000000};
    log_event(LOG_INFO, "Draining",
              LOG_NUMBER("connections", server->net->connections),
              LOG_NUMBER("seconds", server->config->drain_seconds));
    while (!net_is_over(server->net)) {
        /* it ends by itself, and the main process is the other one */
        if (!server->net->has_successor)
            notify_send("WATCHDOG=1");
        if (sigtimedwait(signals, NULL, &step) > 0) {
            stop_at_once(server);
            return;
        }
        /* most ends are quick, and a long one is not polled often */
        if (step.tv_nsec < longest_step)
            step.tv_nsec *= 2;
    }
}

static void end(struct server *server, bool is_replaced,
                const sigset_t *signals)
{
    struct bus *bus = server->instance.bus;
    if (!is_replaced) {
        notify_send_status("STOPPING=1", "Draining");
        if (!announce_end(server, signals))
            return;
    }
    bus->ops->drain(bus);
    if (is_replaced)
        net_hand_over(server->net);
    else
        net_drain(server->net);
    drain(server, signals);
}

/* Serves until shutdown; returns whether another process continues. */
static bool serve(struct server *server, const sigset_t *signals)
{
    for (;;) {
        int number = wait_signal(signals);
        if (number == SIGTERM || number == SIGINT)
            return false;
        if (number == SIGHUP)
            server_reload(server);
        if (number == SIGUSR2 && upgrade(server))
            return true;
        tick(server);
    }
}

static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    sigaddset(signals, SIGUSR2);
    /* blocked, they wait for sigtimedwait; threads inherit the mask */
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool server_run(struct server *server, struct error *error)
{
    sigset_t signals;
    block_signals(&signals);
    if (server->handed.channel >= 0 &&
        !readiness_wait(server->instance.bus, error))
        return false;
    struct overview *overview = &server->overview;
    instance_report_name(server->net->ports[LISTENER_PUBLIC], overview->name,
                         sizeof overview->name);
    overview->is_serving = true;
    net_start(server->net, server->api);
    announce(server->config, server->net, auth_is_configured(server->auth));
    bool is_replaced = false;
    if (handover_say_ready(&server->handed)) {
        notify_send_status("READY=1", "Listening on port %u",
                           server->net->ports[LISTENER_PUBLIC]);
        is_replaced = serve(server, &signals);
    }
    /* these do not end the server */
    sigdelset(&signals, SIGHUP);
    sigdelset(&signals, SIGUSR2);
    end(server, is_replaced, &signals);
    return true;
}

void server_free(struct server *server)
{
    struct bus *bus = server->instance.bus;
    if (server->net)
        net_join(server->net);
    if (server->instance.hooks)
        hook_caller_settle(server->instance.hooks);
    account_service_settle(server->accounts);
    if (bus)
        bus->ops->stop(bus);
    if (server->net)
        net_free(server->net);
    if (bus)
        bus->ops->free(bus);
    hook_caller_free(server->instance.hooks);
    if (server->instance.hub) {
        client_rates_free(server->instance.client_rates);
        refusals_free(server->instance.refusals);
        refusal_log_free(server->instance.refusal_log);
        bans_free(server->instance.bans);
        clients_free(server->instance.clients);
        hub_free(server->instance.hub);
    }
    tls_free(server->tls);
    account_service_free(server->accounts);
    api_free(server->api);
    auth_free(server->auth);
    token_keys_free(server->token_keys);
    config_free(server->reloaded);
    free(server);
}

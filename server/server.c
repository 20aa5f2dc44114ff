#include "server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "announce.h"
#include "api/api.h"
#include "auth/auth.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "bus/bus_local.h"
#include "bus/bus_redis.h"
#include "config_check.h"
#include "config_reload.h"
#include "handover.h"
#include "hooks/hook_caller.h"
#include "instance_report.h"
#include "net/listen_socket.h"
#include "net/net.h"
#include "net/tls.h"
#include "notify.h"
#include "process_metrics.h"
#include "protocols/protocols.h"

struct server {
    int64_t start_ms; /* wall clock */
    const struct config_sources *sources;
    const struct config *config; /* as it was at the start */
    struct config *reloaded;     /* what was last read since; NULL: nothing */
    struct messaging_options options; /* whose limits a reload changes */
    struct instance instance;
    struct overview overview;
    const struct metrics *bus_metrics;
    const struct metrics *hook_metrics; /* NULL: there are no hooks */
    struct auth *auth;
    struct api *api;
    struct tls *tls; /* NULL: plain */
    struct net *net;
    struct handed handed;             /* what it was started with */
    _Atomic uint64_t failed_upgrades; /* any thread reads it */
};

static bool judge_token(void *arg, struct bytes token, const char *client_id,
                        struct identity *identity, const char **why)
{
    const struct server *server = arg;
    struct verdict verdict;
    auth_judge_token(server->net->auth, token, client_id, &verdict);
    *identity = verdict.identity;
    *why = verdict.reason ? verdict.reason : verdict.error;
    return verdict.status == 101;
}

static bool is_ready(void *arg, const char **why)
{
    const struct server *server = arg;
    struct bus *bus = server->instance.bus;
    /* behind an upgrade new clients are welcome here, at the new process */
    if (server->net->is_draining && !server->net->has_successor) {
        *why = "Draining";
        return false;
    }
    return bus->ops->is_ready(bus, why);
}

static bool origin_is_allowed(void *arg, struct bytes origin,
                              struct bytes host)
{
    const struct server *server = arg;
    return auth_origin_is_allowed(server->net->auth, origin, host);
}

static void write_metrics(void *arg, struct buffer *out)
{
    const struct server *server = arg;
    const struct metrics *more[] = {server->bus_metrics, server->hook_metrics};
    net_write_metrics(server->net, more, sizeof more / sizeof *more, out);
    api_write_metrics(server->api, out);
    process_metrics_write(server->start_ms, server->failed_upgrades, out);
}

static void write_report(void *arg, struct buffer *out)
{
    const struct server *server = arg;
    instance_report_write(server->net, server->bus_metrics,
                          server->overview.name, server->start_ms, out);
}

static bool make_auth(struct server *server, struct error *error)
{
    server->auth =
        auth_new(&server->config->auth, protocol_names, error);
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
    if (!options->url)
        return;
    server->instance.hooks = hook_caller_new(options, &server->options.limits);
    server->hook_metrics = hook_caller_metrics(server->instance.hooks);
}

static bool make_instance(struct server *server, struct error *error)
{
    struct instance *instance = &server->instance;
    server->options = server->config->messaging;
    instance->options = &server->options;
    instance->hub = hub_new();
    instance->clients = clients_new();
    instance->refusals = refusals_new();
    server->overview.write_metrics = write_metrics;
    server->overview.write_report = write_report;
    server->overview.arg = server;
    instance->overview = &server->overview;
    instance->token_judge = (struct token_judge){judge_token, server};
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
        .workers = config->workers,
        .rx_buffer_bytes = config->rx_buffer_bytes,
        .io_uring = config->io_uring,
        .drain_seconds = config->drain_seconds,
        .explain_refusals = config->explain_refusals,
        .default_channel = config->default_channel,
        .tls = server->tls,
        .dashboard = config->dashboard,
        .proxy_protocol = config->proxy_protocol,
        .trusted_proxies = config->trusted_proxies,
        .forwarded_header = config->forwarded_header,
        .listeners_from = server->handed.from,
        .listener_count = server->handed.count,
    };
    server->net = net_new(&options, &server->instance, server->auth, protocols,
                          error);
    return server->net != NULL;
}

/* The sockets handed over say where we listen, whatever the config says: what
 * holds for its host must hold for them. */
static bool take_handed(struct server *server, struct error *error)
{
    struct handed *handed = &server->handed;
    char address[IP_ADDRESS_TEXT];
    struct config here = *server->config;
    here.host = address;
    if (!handover_take(handed, error))
        return false;
    for (uint32_t i = 0; i < handed->count; i++) {
        int fd = handed->from + (int)i;
        uint32_t port = listen_socket_address(fd, address);
        if (!config_check_auth(&here, error))
            return false;
        if (i == 0 && !listen_socket_is_at(fd, server->config->host,
                                           server->config->port))
            log_event(LOG_WARN,
                      "Listening where the sockets handed over do, "
                      "not at host and port of the config",
                      LOG_TEXT("address", address), LOG_NUMBER("port", port));
    }
    return true;
}

struct server *server_new(const struct config *config,
                          const struct config_sources *sources,
                          struct error *error)
{
    struct server *server = memory_new(1, sizeof *server);
    server->sources = sources;
    server->config = config;
    server->start_ms = clock_wall_ms();
    log_setup(config->log_level, config->log_format);
    hash_seed();
    if (take_handed(server, error) && make_auth(server, error) &&
        make_api(server, error) && make_tls(server, error) &&
        make_instance(server, error) && make_net(server, error))
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

/* All or nothing: what can be wrong is tried before anything is changed. */
static bool take_over(struct server *server, struct config *fresh,
                      struct error *error)
{
    const struct config *running = server->config;
    /* TLS itself comes and goes with a restart only */
    bool keeps_tls = !fresh->tls.cert == !server->tls;
    if (!keeps_tls)
        fresh->auth.certificates = tls_names_clients(server->tls);
    if (!config_reload_is_safe(running, fresh, error))
        return false;
    struct auth *auth = auth_new(&fresh->auth, protocol_names, error);
    if (!auth)
        return false;
    if (server->tls && keeps_tls && !tls_use(server->tls, &fresh->tls, error)) {
        auth_free(auth);
        return false;
    }
    net_use_auth(server->net, auth);
    server->auth = auth;
    net_use_trusted_proxies(server->net, &fresh->trusted_proxies,
                            fresh->forwarded_header);
    config_reload_limits(&server->options, fresh);
    api_use_options(server->api, &fresh->api);
    log_setup(fresh->log_level, fresh->log_format);
    return true;
}

static void reload(struct server *server)
{
    struct error error;
    struct config *fresh = config_load(server->sources, &error);
    if (!fresh || !take_over(server, fresh, &error)) {
        log_event(LOG_ERROR, "Configuration not reloaded, the old one stays",
                  LOG_TEXT("reason", error.text));
        config_free(fresh);
        return;
    }
    config_reload_tell(server->config,
                       server->reloaded ? server->reloaded : server->config,
                       fresh);
    config_free(server->reloaded);
    server->reloaded = fresh;
}

/* A thread that hangs keeps its clients waiting, and nobody but systemd can
 * help them. */
static void tell_alive(const struct server *server)
{
    uint64_t watchdog_ms = notify_watchdog_ms();
    if (watchdog_ms && net_silence_ms(server->net) < watchdog_ms)
        notify_send("WATCHDOG=1");
}

static void tick(struct server *server)
{
    struct bus *bus = server->instance.bus;
    bus->ops->tick(bus);
    if (server->tls)
        tls_tick(server->tls);
    tell_alive(server);
}

static void reload_and_tell(struct server *server)
{
    char state[64];
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%llu",
             (unsigned long long)clock_steady_ms() * 1000);
    notify_send(state);
    reload(server);
    notify_send("READY=1");
}

static void keep_going(void *server)
{
    tick(server);
}

/* Whether another process has taken over. Until it is ready we serve. */
static bool upgrade(struct server *server)
{
    struct error error;
    uint32_t count;
    int *listeners = net_listeners(server->net, &count);
    enum handover_end end =
        handover_run(server->sources->arguments, listeners, count, keep_going,
                     server, &error);
    free(listeners);
    if (end == HANDOVER_FAILED) {
        server->failed_upgrades++;
        log_event(LOG_ERROR, "Not upgraded, this process serves on",
                  LOG_TEXT("reason", error.text));
    }
    return end == HANDOVER_DONE;
}

/* Ends by itself when all connections are closed, and at once when one of
 * `signals` comes. */
static void drain(struct server *server, const sigset_t *signals)
{
    const struct timespec step = {.tv_nsec = 50000000};
    log_event(LOG_INFO, "Draining",
              LOG_NUMBER("connections", server->net->connections),
              LOG_NUMBER("seconds", server->config->drain_seconds));
    while (!net_is_over(server->net)) {
        /* it has an end of its own; and the main process is the other one */
        if (!server->net->has_successor)
            notify_send("WATCHDOG=1");
        if (sigtimedwait(signals, NULL, &step) <= 0)
            continue;
        log_event(LOG_WARN, "Stopping at once: a second signal came");
        net_stop(server->net);
        return;
    }
}

/* What serves already is not replaced by what cannot. */
static bool wait_for_bus(const struct server *server, struct error *error)
{
    enum { STEP_MS = 20, SECONDS = HANDOVER_SECONDS / 2 };
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
    struct bus *bus = server->instance.bus;
    const char *why = "";
    for (int i = 0; i < SECONDS * 1000 / STEP_MS; i++) {
        if (bus->ops->is_ready(bus, &why))
            return true;
        nanosleep(&step, NULL);
    }
    return error_set(error, "%s: nothing is taken over", why);
}

/* Until it has to end: whether another process goes on. */
static bool serve(struct server *server, const sigset_t *signals)
{
    for (;;) {
        int number = wait_signal(signals);
        if (number == SIGTERM || number == SIGINT)
            return false;
        if (number == SIGHUP)
            reload_and_tell(server);
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
    if (server->handed.channel >= 0 && !wait_for_bus(server, error))
        return false;
    struct overview *overview = &server->overview;
    instance_report_name(server->net->port, overview->name,
                         sizeof overview->name);
    overview->is_serving = true;
    net_start(server->net, server->api);
    announce(server->config, server->net->port,
             auth_is_configured(server->auth));
    bool is_replaced = false;
    if (handover_say_ready(&server->handed)) {
        notify_send("READY=1");
        is_replaced = serve(server, &signals);
    }
    /* these do not end anything */
    sigdelset(&signals, SIGHUP);
    sigdelset(&signals, SIGUSR2);
    if (is_replaced) {
        net_hand_over(server->net);
    } else {
        notify_send("STOPPING=1");
        net_drain(server->net);
    }
    drain(server, &signals);
    return true;
}

void server_free(struct server *server)
{
    struct bus *bus = server->instance.bus;
    if (server->net)
        net_join(server->net);
    if (server->instance.hooks)
        hook_caller_settle(server->instance.hooks);
    if (bus)
        bus->ops->stop(bus);
    if (server->net)
        net_free(server->net);
    if (bus)
        bus->ops->free(bus);
    hook_caller_free(server->instance.hooks);
    if (server->instance.hub) {
        refusals_free(server->instance.refusals);
        clients_free(server->instance.clients);
        hub_free(server->instance.hub);
    }
    tls_free(server->tls);
    api_free(server->api);
    auth_free(server->auth);
    config_free(server->reloaded);
    free(server);
}

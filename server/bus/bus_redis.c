/* The thread, its links, and the way from a request to its room. */
#include "bus/bus_redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"
#include "bus/redis_bus.h"
#include "bus/redis_envelope.h"
#include "bus/redis_push.h"
#include "messaging/epoch.h"
#include "messaging/names.h"

char *redis_key(const struct redis_bus *bus, const char *channel,
                const char *kind)
{
    struct buffer key = {0};
    buffer_append_format(&key, "%s{%s}:%s", bus->options->prefix, channel,
                         kind);
    buffer_text(&key);
    return key.data;
}

char *redis_name(const struct redis_bus *bus, const char *name)
{
    struct buffer key = {0};
    buffer_append_format(&key, "%s%s", bus->options->prefix, name);
    buffer_text(&key);
    return key.data;
}

void redis_call(struct redis_bus *bus, enum redis_script script,
                size_t key_count, const struct bytes *words, size_t count,
                redis_answer *answer, void *arg)
{
    enum { WORDS_MAX = 32 };
    struct bytes all[WORDS_MAX];
    char keys[8];
    PANIC_IF(count + 3 > WORDS_MAX);
    snprintf(keys, sizeof keys, "%zu", key_count);
    all[0] = BYTES_LITERAL("EVALSHA");
    all[1] = bytes_of(bus->shas[script]);
    all[2] = bytes_of(keys);
    memcpy(all + 3, words, count * sizeof *words);
    redis_link_send(bus->commands, all, count + 3, answer, arg);
}

uint32_t redis_position_seconds(const struct redis_bus *bus,
                                const char *channel)
{
    uint32_t kept = channel_options_find(&bus->instance->options->channels,
                                         channel)->history_seconds;
    return kept > POSITION_SECONDS ? kept : (uint32_t)POSITION_SECONDS;
}

/* "<time>|<sender>|" of a message, as its envelope has it. */
static void append_mark(struct buffer *out, const struct message *message)
{
    buffer_append_uint(out, (uint64_t)message->time_ms);
    buffer_append_char(out, '|');
    redis_envelope_append_sender(out, message->from, message_trace(message));
    buffer_append_char(out, '|');
}

void redis_read(struct redis_bus *bus, const char *channel, const char *which,
                uint64_t number, const struct redis_known *known,
                redis_answer *answer, void *arg)
{
    char new_epoch[EPOCH_LEN + 1];
    char seconds[16];
    char number_text[24];
    char known_epoch[EPOCH_LEN + 1] = "";
    char known_offset[24] = "";
    struct buffer mark = {0};
    epoch_encode(random_uint64(), new_epoch);
    snprintf(seconds, sizeof seconds, "%" PRIu32,
             redis_position_seconds(bus, channel));
    snprintf(number_text, sizeof number_text, "%" PRIu64, number);
    if (known) {
        epoch_encode(known->position.epoch, known_epoch);
        snprintf(known_offset, sizeof known_offset, "%" PRIu64,
                 known->position.offset);
    }
    if (known && known->last)
        append_mark(&mark, known->last);
    char *position = redis_key(bus, channel, "m");
    char *stream = redis_key(bus, channel, "s");
    const struct bytes words[] = {
        bytes_of(position),    bytes_of(stream),       bytes_of(new_epoch),
        bytes_of(seconds),     bytes_of(which),        bytes_of(number_text),
        bytes_of(known_epoch), bytes_of(known_offset), buffer_bytes(&mark)};
    redis_call(bus, SCRIPT_READ, 2, words, 9, answer, arg);
    free(position);
    free(stream);
    buffer_deinit(&mark);
}

struct bytes redis_publish_verb(const struct redis_bus *bus)
{
    static const struct bytes sharded = BYTES_LITERAL("SPUBLISH");
    static const struct bytes plain = BYTES_LITERAL("PUBLISH");
    return bus->options->sharded ? sharded : plain;
}

static void update_ready(struct redis_bus *bus)
{
    bool is_ready = bus->is_serving && bus->is_listening;
    if (is_ready != bus->is_ready)
        metrics_add(&bus->metrics, METRIC_REDIS_READY, is_ready ? 1 : -1);
    bus->is_ready = is_ready;
}

static void start_serving(struct redis_bus *bus)
{
    bus->is_serving = true;
    redis_link_settle(bus->commands);
    update_ready(bus);
    redis_presence_restore(bus);
    redis_channels_read_again(bus);
    redis_pump(bus);
}

static void stop_serving(struct redis_bus *bus)
{
    bus->is_serving = false;
    update_ready(bus);
}

/* The first heartbeat is the proof that Redis takes what is written. */
static void on_registered(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    if (redis_push_error(reply))
        redis_link_reset(bus->commands, redis_push_error(reply));
    else if (reply)
        start_serving(bus);
}

/* A script's hash is what SCRIPT LOAD says it is. */
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
    bus->scripts_loaded = 0;
    for (enum redis_script i = 0; i < SCRIPT_COUNT; i++) {
        const struct bytes words[] = {BYTES_LITERAL("SCRIPT"),
                                      BYTES_LITERAL("LOAD"),
                                      redis_script_source(i)};
        redis_link_send(bus->commands, words, 3, on_loaded, bus);
    }
}

static void on_commands_down(void *arg)
{
    stop_serving(arg);
}

static void on_subscriptions_up(void *arg)
{
    struct redis_bus *bus = arg;
    metrics_add(&bus->metrics, METRIC_REDIS_SUBSCRIPTIONS_UP, 1);
    redis_control_subscribe(bus);
    bus->has_lease = false; /* asked for anew, and the pattern with it */
    redis_channels_subscribe_again(bus);
}

static void on_subscriptions_down(void *arg)
{
    struct redis_bus *bus = arg;
    bus->is_listening = false;
    update_ready(bus);
    redis_channels_forget(bus);
}

static void on_input_down(void *arg)
{
    (void)arg; /* it begins anew when it is up */
}

bool redis_is_passing_error(struct redis_bus *bus,
                            const struct redisReply *reply)
{
    static const char *const passing[] = {
        "NOSCRIPT", "READONLY", "LOADING", "MISCONF",    "OOM",
        "BUSY",     "TRYAGAIN", "NOAUTH",  "MASTERDOWN", "CLUSTERDOWN"};
    const char *error = redis_push_error(reply);
    if (!error)
        return false;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        if (!strstr(error, passing[i]))
            continue;
        /* whatever it is, a new connection is where all of it is looked at
         * again: scripts, role, login */
        stop_serving(bus);
        redis_link_reset(bus->commands, error);
        return true;
    }
    log_limited(LOG_ERROR, 1, "Redis refuses a command",
                LOG_TEXT("error", error));
    return false;
}

bool redis_read_channel(const struct redis_bus *bus, struct bytes full,
                        char *name)
{
    struct bytes prefix = bytes_of(bus->options->prefix);
    if (!bytes_start_with(full, prefix))
        return false;
    full = bytes_skip(full, prefix.len);
    if (full.len < 5 || full.data[0] != '{' ||
        memcmp(full.data + full.len - 3, "}:c", 3) != 0)
        return false;
    struct bytes found = {full.data + 1, full.len - 4};
    if (!channel_name_is_valid(found))
        return false;
    memcpy(name, found.data, found.len);
    name[found.len] = '\0';
    return true;
}

static void start_listening(struct redis_bus *bus)
{
    bus->is_listening = true;
    redis_link_settle(bus->subscriptions);
    update_ready(bus);
    redis_clients_tell_all(bus); /* newer ones elsewhere may have been missed */
    redis_pump(bus);
}

static void on_push(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    struct redis_push push;
    char name[CHANNEL_NAME_MAX + 1];
    if (!redis_push_read(reply, &push))
        return;
    if (push.kind == PUSH_PATTERN) {
        struct bytes input = bytes_of(bus->options->prefix);
        redis_input_on_message(bus, bytes_skip(push.channel, input.len + 3),
                               push.text);
    } else if (!redis_read_channel(bus, push.channel, name)) {
        if (push.kind == PUSH_MESSAGE)
            redis_control_on_message(bus, push.text);
        else if (push.kind == PUSH_SUBSCRIBED)
            start_listening(bus);
    } else if (push.kind == PUSH_MESSAGE) {
        redis_channel_on_message(bus, name, push.text);
    } else if (push.kind == PUSH_SUBSCRIBED) {
        redis_channel_on_confirmed(bus, name);
    }
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
    bus->seconds++;
    redis_expire_backlog(bus, now);
    redis_channels_tick(bus, now);
    redis_input_tick(bus);
    redis_clients_tick(bus);
    redis_pump(bus);
}

static void connect_all(struct redis_bus *bus)
{
    const struct redis_link_events commands = {.on_up = on_commands_up,
                                               .on_down = on_commands_down,
                                               .arg = bus,
                                               .round_trips = &bus->metrics};
    const struct redis_link_events subscriptions = {
        .on_up = on_subscriptions_up,
        .on_down = on_subscriptions_down,
        .on_push = on_push,
        .arg = bus};
    const struct redis_link_events input = {
        .on_up = redis_input_on_up, .on_down = on_input_down, .arg = bus};
    bus->commands = redis_link_new(bus->loop, "commands", bus->options,
                                   &bus->url, bus->tls, &commands);
    bus->subscriptions = redis_link_new(bus->loop, "subscriptions",
                                        bus->options, &bus->url, bus->tls,
                                        &subscriptions);
    bus->input = redis_link_new(bus->loop, "input", bus->options, &bus->url,
                                bus->tls, &input);
}

static void disconnect_all(struct redis_bus *bus)
{
    bus->is_serving = false;
    redis_link_free(bus->commands);
    redis_link_free(bus->subscriptions);
    redis_link_free(bus->input);
}

static void *run(void *arg)
{
    enum { TICK_MS = 1000 };
    struct redis_bus *bus = arg;
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

/* What was sent last (members that left) should still reach Redis. */
static void on_farewell(void *arg)
{
    enum { STEPS = 50 };
    struct redis_bus *bus = arg;
    if (!redis_link_in_flight(bus->commands) || ++bus->farewell_steps > STEPS)
        end_now(bus);
}

/* No timer may say behind the farewell that this instance lives. */
static void begin_farewell(struct redis_bus *bus)
{
    enum { STEP_MS = 20 };
    bus->is_stopping = false;
    loop_timer_free(bus->tick);
    redis_presence_deinit(bus);
    redis_presence_farewell(bus);
    redis_input_farewell(bus);
    bus->farewell =
        loop_timer_new(bus->loop, 0, STEP_MS, on_farewell, bus);
}

static void on_turn(void *arg)
{
    struct redis_bus *bus = arg;
    while (inbox_drain(&bus->inbox))
        ; /* requests; what they send goes out as one write */
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
    *why = "Redis is away";
    return bus->is_ready;
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
    redis_expire_backlog(bus, UINT64_MAX);
}

static void bus_redis_free(struct bus *base)
{
    struct redis_bus *bus = (struct redis_bus *)base;
    loop_free(bus->loop);
    inbox_deinit(&bus->inbox);
    redis_tls_free(bus->tls);
    redis_url_deinit(&bus->url);
    free(bus);
}

static const struct bus_ops ops = {
    .submit = bus_redis_submit,
    .tick = bus_redis_tick,
    .is_ready = bus_redis_is_ready,
    .stop = bus_redis_stop,
    .free = bus_redis_free,
};

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
    if (url.has_tls && !(tls = redis_tls_new(options, &url, error))) {
        redis_url_deinit(&url);
        return NULL;
    }
    struct redis_bus *bus = memory_new(1, sizeof *bus);
    bus->base.ops = &ops;
    bus->base.is_shared = true;
    bus->limits_clients = options_limit_clients(instance->options);
    bus->instance = instance;
    bus->options = options;
    bus->url = url;
    bus->tls = tls;
    snprintf(bus->id, sizeof bus->id, "%016llx",
             (unsigned long long)random_uint64());
    snprintf(bus->metrics.thread, sizeof bus->metrics.thread, "bus");
    bus->loop = loop_new(on_turn, bus);
    inbox_init(&bus->inbox, wake, bus);
    thread_start(&bus->thread, run, bus);
    return &bus->base;
}

#include "fake_instance.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "bus/local/bus_local.h"
#include "messaging/bans.h"
#include "messaging/bus.h"
#include "messaging/client_rates.h"
#include "messaging/deliveries.h"
#include "messaging/hub.h"
#include "messaging/identity.h"
#include "messaging/refusal_log.h"
#include "messaging/refusals.h"

static struct channel_options channels[] = {
    {.match = "plain:*"},
    {.match = "latest:*", .slow_reader = SLOW_READER_LATEST},
    {.match = "loud:*",
     .history_size = 3,
     .history_seconds = 10,
     .presence = true,
     .join_leave = true},
    {.match = "patient:*",
     .presence = true,
     .join_leave = true,
     .leave_seconds = 10},
    {.match = "*", .history_size = 5, .history_seconds = 60, .presence = true},
};

static char echo_prefix[] = "Echo: ";

static const struct messaging_options small_options = {
    .limits = {.message_bytes = 1000,
               .connections = 100,
               .channels_per_connection = 4,
               .channels = 16,
               .bad_messages = 5,
               .outbox_bytes = 2000,
               .outbox_messages = 8,
               .inbox_messages = 100},
    .channels = {.items = channels,
                 .count = sizeof channels / sizeof *channels},
    .echo_prefix = echo_prefix,
    .ping_seconds = 25,
    .pong_seconds = 10,
};

struct caps *fake_caps(const char *text)
{
    struct error error;
    struct json *json = json_parse(bytes_of(text), false, &error);
    PANIC_IF(!json);
    struct caps *caps = caps_parse(json, &error);
    PANIC_IF(!caps);
    json_free(json);
    return caps;
}

static bool judge(void *arg, struct bytes token, const char *client,
                  struct identity *identity, enum refusal_reason *reason,
                  const char **why)
{
    const struct fake_instance *fake = arg;
    (void)client;
    *reason = REFUSAL_TOKEN_INVALID;
    *why = "not fresh";
    if (!bytes_equal(token, BYTES_LITERAL(FAKE_TOKEN_FRESH)))
        return false;
    identity->caps =
        fake->fresh_caps ? fake_caps(fake->fresh_caps) : caps_everything();
    identity->expires_seconds = clock_wall_ms() / 1000 + FAKE_TOKEN_SECONDS;
    return true;
}

static void no_wake(void *arg)
{
    (void)arg;
}

static void write_metrics(void *arg, struct buffer *out)
{
    (void)arg;
    buffer_append_text(out, FAKE_METRICS);
}

static void write_report(void *arg, struct buffer *out)
{
    (void)arg;
    buffer_append_text(out, FAKE_REPORT);
}

struct fake_instance *fake_instance_new(unsigned workers)
{
    PANIC_IF(workers > FAKE_WORKERS_MAX);
    struct fake_instance *fake = memory_new(1, sizeof *fake);
    fake->options = small_options;
    struct instance *instance = &fake->instance;
    instance->options = &fake->options;
    instance->hub = hub_new(deliveries_push);
    instance->clients = clients_new();
    instance->client_rates = client_rates_new();
    instance->refusals = refusals_new();
    instance->refusal_log = refusal_log_new();
    instance->bans = bans_new();
    instance->bus = bus_local_new(instance);
    fake->overview.write_metrics = write_metrics;
    fake->overview.write_report = write_report;
    strcpy(fake->overview.name, "fake:1");
    instance->overview = &fake->overview;
    instance->token_judge = (struct token_judge){judge, fake};
    fake->worker_count = workers;
    for (unsigned i = 0; i < workers; i++)
        worker_init(&fake->workers[i], instance, i, no_wake, NULL);
    return fake;
}

static bool has_connections(const struct fake_instance *fake)
{
    for (unsigned i = 0; i < fake->worker_count; i++) {
        const struct worker *worker = &fake->workers[i];
        if (worker->free_slot_count < worker->slot_count)
            return true;
    }
    return false;
}

void fake_instance_free(struct fake_instance *fake)
{
    if (has_connections(fake))
        return; /* a check failed: its message matters, not leftover memory */
    fake_instance_turn(fake);
    for (unsigned i = 0; i < fake->worker_count; i++)
        worker_deinit(&fake->workers[i]);
    fake->instance.bus->ops->stop(fake->instance.bus);
    fake->instance.bus->ops->free(fake->instance.bus);
    client_rates_free(fake->instance.client_rates);
    refusals_free(fake->instance.refusals);
    refusal_log_free(fake->instance.refusal_log);
    bans_free(fake->instance.bans);
    clients_free(fake->instance.clients);
    hub_free(fake->instance.hub);
    free(fake);
}

static bool has_work(const struct fake_instance *fake)
{
    for (unsigned i = 0; i < fake->worker_count; i++)
        if (fake->workers[i].inbox.depth || fake->workers[i].closing ||
            worker_is_behind(&fake->workers[i]))
            return true;
    return false;
}

void fake_instance_turn(struct fake_instance *fake)
{
    do {
        for (unsigned i = 0; i < fake->worker_count; i++)
            worker_turn(&fake->workers[i]);
    } while (has_work(fake));
}

uint64_t fake_instance_metric(const struct fake_instance *fake,
                              enum metric metric)
{
    const struct metrics *all[FAKE_WORKERS_MAX];
    for (unsigned i = 0; i < fake->worker_count; i++)
        all[i] = &fake->workers[i].metrics;
    return metrics_sum(all, fake->worker_count, metric);
}

uint64_t fake_instance_faults(const struct fake_instance *fake,
                              enum fault fault)
{
    const struct metrics *all[FAKE_WORKERS_MAX];
    for (unsigned i = 0; i < fake->worker_count; i++)
        all[i] = &fake->workers[i].metrics;
    return metrics_sum_faults(all, fake->worker_count, fault);
}

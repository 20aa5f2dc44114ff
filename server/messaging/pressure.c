#include "messaging/pressure.h"

#include "base/clock.h"
#include "messaging/connection.h"
#include "messaging/hub.h"
#include "messaging/slow_reader.h"
#include "messaging/worker.h"

enum {
    CLOSES = 8,    /* per turn: the freed memory shows in the next one */
    FRESH_MS = 100 /* maximum age of another worker's value */
};

/* Memory may be allocated and freed on different workers, so single counts may
 * be negative. */
static int64_t waiting_on(const struct worker *worker)
{
    return (int64_t)atomic_load_explicit(
        &worker->metrics.cells[METRIC_WAITING_BYTES], memory_order_relaxed);
}

bool pressure_is_high(const struct worker *worker)
{
    const struct instance *instance = worker->instance;
    uint64_t limit = instance->options->limits.memory_bytes;
    int64_t waiting = 0;
    if (!limit)
        return false;
    for (unsigned i = 0; i < hub_worker_count(instance->hub); i++)
        waiting += waiting_on(hub_worker(instance->hub, i));
    return waiting > 0 && (uint64_t)waiting > limit;
}

bool pressure_refuses(struct worker *worker)
{
    if (!pressure_is_high(worker))
        return false;
    metrics_add(&worker->metrics, METRIC_LIMIT_MEMORY, 1);
    return true;
}

static struct connection *find_largest(const struct worker *worker)
{
    struct connection *largest = NULL;
    size_t most = 0;
    for (uint32_t i = 0; i < worker->slot_count; i++) {
        struct connection *connection = worker->slots[i].connection;
        if (!connection || !connection->is_open || connection->is_closing)
            continue;
        size_t waiting = connection_waiting(connection);
        if (waiting <= most)
            continue;
        most = waiting;
        largest = connection;
    }
    return largest;
}

/* Publishes the size of its largest connection to the other workers. */
static struct connection *weigh(struct worker *worker)
{
    struct connection *largest = find_largest(worker);
    struct worker_weight *weight = &worker->weight;
    weight->largest = largest ? connection_waiting(largest) : 0;
    weight->weighed_ms = clock_steady_ms();
    if (!weight->since_ms)
        weight->since_ms = weight->weighed_ms;
    return largest;
}

static void relieve(struct worker *worker);

static void on_call(void *subject, void *object)
{
    (void)object;
    struct worker *worker = subject;
    worker->weight.is_called = false;
    relieve(worker);
}

/* Wakes a sleeping worker. */
static void call(struct worker *worker)
{
    if (!atomic_exchange(&worker->weight.is_called, true))
        inbox_post(&worker->inbox, (struct inbox_item){on_call, worker, NULL});
}

/* Whether no other worker has a larger one. Wakes workers that have, or whose
 * value is too old. A hanging worker is not waited for. */
static bool is_turn_of(const struct worker *worker)
{
    const struct worker_weight *own = &worker->weight;
    const struct hub *hub = worker->instance->hub;
    bool is_largest = true;
    bool is_known = true;
    for (unsigned i = 0; i < hub_worker_count(hub); i++) {
        struct worker *other = hub_worker(hub, i);
        const struct worker_weight *weight = &other->weight;
        uint64_t weighed_ms = weight->weighed_ms;
        bool is_fresh = weighed_ms && weighed_ms + FRESH_MS >= own->weighed_ms;
        if (other == worker || (is_fresh && weight->largest <= own->largest))
            continue;
        is_known &= is_fresh;
        is_largest &= !is_fresh;
        call(other);
    }
    return is_largest &&
           (is_known || own->weighed_ms - own->since_ms > FRESH_MS);
}

static void relieve(struct worker *worker)
{
    for (int i = 0; i < CLOSES && pressure_is_high(worker); i++) {
        struct connection *largest = weigh(worker);
        if (!is_turn_of(worker) || !largest)
            return;
        metrics_add(&worker->metrics, METRIC_LIMIT_MEMORY, 1);
        slow_reader_give_up(largest);
    }
    if (!pressure_is_high(worker))
        worker->weight.since_ms = 0;
}

void pressure_relieve(struct worker *worker)
{
    if (waiting_on(worker) > 0)
        relieve(worker);
    else
        worker->weight.since_ms = 0;
}

#include "messaging/rates.h"

#include <stdlib.h>

#include "base/memory.h"

static uint32_t second_of(const struct worker *worker)
{
    return (uint32_t)worker->seconds;
}

/* Advances the rates to the current second. */
static void turn_over(struct rates *rates, uint32_t second)
{
    static const uint32_t none[RATE_KINDS];
    if (rates->second == second)
        return;
    bool is_next = rates->second + 1 == second;
    memcpy(rates->last, is_next ? rates->now : none, sizeof none);
    memcpy(rates->now, none, sizeof none);
    rates->second = second;
}

void rates_add(const struct worker *worker, struct rates *rates,
               enum rate_kind messages, size_t count, size_t bytes)
{
    turn_over(rates, second_of(worker));
    rates->now[messages] += (uint32_t)count;
    rates->now[messages + RATE_BYTES_IN] += (uint32_t)bytes;
}

void rates_read(const struct worker *worker, const struct rates *rates,
                uint32_t out[RATE_KINDS])
{
    struct rates read = {0};
    if (rates)
        read = *rates;
    turn_over(&read, second_of(worker));
    memcpy(out, read.last, sizeof read.last);
}

static void fit_slots(struct worker *worker)
{
    struct watch *watch = worker->watch;
    uint32_t old = watch->slot_count;
    if (old == worker->slot_count)
        return;
    watch->slot_count = worker->slot_count;
    watch->slots =
        memory_resize(watch->slots, watch->slot_count, sizeof *watch->slots);
    memset(watch->slots + old, 0,
           (watch->slot_count - old) * sizeof *watch->slots);
}

void watch_connection(struct worker *worker, uint64_t handle,
                      enum rate_kind messages, size_t count, size_t bytes)
{
    fit_slots(worker);
    struct rates_slot *slot = &worker->watch->slots[(uint32_t)handle];
    if (slot->handle != handle)
        *slot = (struct rates_slot){.handle = handle};
    rates_add(worker, &slot->rates, messages, count, bytes);
}

const struct rates *watch_find(const struct worker *worker, uint64_t handle)
{
    const struct watch *watch = worker->watch;
    uint32_t index = (uint32_t)handle;
    if (!watch || index >= watch->slot_count ||
        watch->slots[index].handle != handle)
        return NULL;
    return &watch->slots[index].rates;
}

void watch_start(struct worker *worker)
{
    if (!worker->watch)
        worker->watch = memory_new(1, sizeof *worker->watch);
    if (worker->watch->snapshot_second != worker->seconds)
        worker->watch->snapshots = 0;
    worker->watch->snapshot_second = worker->seconds;
}

bool watch_may_snapshot(struct worker *worker)
{
    watch_start(worker);
    if (worker->watch->snapshots == WATCH_SNAPSHOTS)
        return false;
    worker->watch->snapshots++;
    return true;
}

bool watch_is_over(const struct worker *worker)
{
    const struct watch *watch = worker->watch;
    return watch && worker->seconds > watch->snapshot_second + WATCH_SECONDS;
}

void watch_end(struct worker *worker)
{
    if (!worker->watch)
        return;
    free(worker->watch->slots);
    free(worker->watch);
    worker->watch = NULL;
}

#include "messaging/tally.h"

#include <stdlib.h>

#include "base/memory.h"

static uint32_t second_of(const struct worker *worker)
{
    return (uint32_t)worker->seconds;
}

/* Advances a tally to the current second. */
static void turn_over(struct tally *tally, uint32_t second)
{
    static const uint32_t none[TALLY_KINDS];
    if (tally->second == second)
        return;
    bool is_next = tally->second + 1 == second;
    memcpy(tally->last, is_next ? tally->now : none, sizeof none);
    memcpy(tally->now, none, sizeof none);
    tally->second = second;
}

void tally_add(const struct worker *worker, struct tally *tally,
               enum tally_kind messages, size_t count, size_t bytes)
{
    turn_over(tally, second_of(worker));
    tally->now[messages] += (uint32_t)count;
    tally->now[messages + TALLY_BYTES_IN] += (uint32_t)bytes;
}

void tally_read(const struct worker *worker, const struct tally *tally,
                uint32_t out[TALLY_KINDS])
{
    struct tally read = {0};
    if (tally)
        read = *tally;
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
                      enum tally_kind messages, size_t count, size_t bytes)
{
    fit_slots(worker);
    struct tally_slot *slot = &worker->watch->slots[(uint32_t)handle];
    if (slot->handle != handle)
        *slot = (struct tally_slot){.handle = handle};
    tally_add(worker, &slot->tally, messages, count, bytes);
}

const struct tally *watch_find(const struct worker *worker, uint64_t handle)
{
    const struct watch *watch = worker->watch;
    uint32_t index = (uint32_t)handle;
    if (!watch || index >= watch->slot_count ||
        watch->slots[index].handle != handle)
        return NULL;
    return &watch->slots[index].tally;
}

void watch_look(struct worker *worker)
{
    if (!worker->watch)
        worker->watch = memory_new(1, sizeof *worker->watch);
    if (worker->watch->looked_second != worker->seconds)
        worker->watch->looks = 0;
    worker->watch->looked_second = worker->seconds;
}

bool watch_may_look(struct worker *worker)
{
    watch_look(worker);
    if (worker->watch->looks == WATCH_LOOKS)
        return false;
    worker->watch->looks++;
    return true;
}

bool watch_is_over(const struct worker *worker)
{
    const struct watch *watch = worker->watch;
    return watch && worker->seconds > watch->looked_second + WATCH_SECONDS;
}

void watch_end(struct worker *worker)
{
    if (!worker->watch)
        return;
    free(worker->watch->slots);
    free(worker->watch);
    worker->watch = NULL;
}

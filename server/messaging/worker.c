#include "messaging/worker.h"

#include <stdlib.h>

#include "base/memory.h"

void worker_settle(struct worker *worker)
{
    if (worker->settle)
        worker->settle(worker->settle_arg);
}

/* The new slots are all free. */
static void grow_slots(struct worker *worker)
{
    uint32_t old = worker->slot_count;
    uint32_t count = old ? (uint32_t)memory_grown(old) : 64;
    worker->slots = memory_resize(worker->slots, count, sizeof *worker->slots);
    worker->free_slots =
        memory_resize(worker->free_slots, count, sizeof *worker->free_slots);
    for (uint32_t slot = count; slot-- > old;) {
        worker->slots[slot] = (struct connection_slot){0};
        worker->free_slots[worker->free_slot_count++] = slot;
    }
    worker->slot_count = count;
}

uint64_t worker_add_connection(struct worker *worker,
                               struct connection *connection)
{
    if (!worker->free_slot_count)
        grow_slots(worker);
    uint32_t index = worker->free_slots[--worker->free_slot_count];
    struct connection_slot *slot = &worker->slots[index];
    slot->connection = connection;
    return (uint64_t)++slot->generation << 32 | index;
}

void worker_remove_connection(struct worker *worker, uint64_t handle)
{
    uint32_t index = (uint32_t)handle;
    worker->slots[index].connection = NULL;
    worker->free_slots[worker->free_slot_count++] = index;
}

struct connection *worker_find_connection(struct worker *worker,
                                          uint64_t handle)
{
    uint32_t index = (uint32_t)handle;
    if (index >= worker->slot_count)
        return NULL;
    const struct connection_slot *slot = &worker->slots[index];
    return slot->generation == handle >> 32 ? slot->connection : NULL;
}

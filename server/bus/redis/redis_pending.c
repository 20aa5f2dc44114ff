#include "bus/redis/redis_pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

static void grow(struct redis_pending *pending)
{
    size_t capacity = pending->capacity ? pending->capacity * 2 : 64;
    struct redis_command *items = memory_new(capacity, sizeof *items);
    for (size_t i = 0; i < pending->count; i++)
        items[i] = pending->items[(pending->first + i) % pending->capacity];
    free(pending->items);
    pending->items = items;
    pending->capacity = capacity;
    pending->first = 0;
}

void redis_pending_add(struct redis_pending *pending, struct bytes name,
                       redis_answer *answer, void *arg)
{
    if (pending->count == pending->capacity)
        grow(pending);
    size_t place = (pending->first + pending->count++) % pending->capacity;
    size_t len = name.len < REDIS_COMMAND_NAME ? name.len : REDIS_COMMAND_NAME;
    struct redis_command *command = &pending->items[place];
    *command = (struct redis_command){answer, arg, clock_steady_ns(), ""};
    memcpy(command->name, name.data, len);
}

struct redis_command redis_pending_take(struct redis_pending *pending)
{
    struct redis_command command = pending->items[pending->first];
    pending->first = (pending->first + 1) % pending->capacity;
    pending->count--;
    return command;
}

uint64_t redis_pending_since_ns(const struct redis_pending *pending)
{
    return pending->items[pending->first].sent_ns;
}

void redis_pending_fail(struct redis_pending *pending)
{
    while (pending->count) {
        struct redis_command command = redis_pending_take(pending);
        if (command.answer)
            command.answer(command.arg, NULL);
    }
}

void redis_pending_deinit(struct redis_pending *pending)
{
    free(pending->items);
    *pending = (struct redis_pending){0};
}

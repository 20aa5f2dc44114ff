#include "bus/redis/redis_messages.h"

#include <stdlib.h>

#include "base/memory.h"

void redis_messages_add(struct messages *list, struct message *message)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 8;
        list->items =
            memory_resize(list->items, list->capacity, sizeof *list->items);
    }
    list->items[list->count++] = message_ref(message);
}

void redis_messages_clear(struct messages *list)
{
    for (size_t i = 0; i < list->count; i++)
        message_unref(list->items[i]);
    free(list->items);
    *list = (struct messages){0};
}

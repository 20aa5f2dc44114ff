#include "base/inbox.h"

#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_CAPACITY = 64, KEPT_CAPACITY = 4096 };

void inbox_init(struct inbox *inbox, void (*wake)(void *), void *wake_arg)
{
    *inbox = (struct inbox){.wake = wake, .wake_arg = wake_arg};
    pthread_mutex_init(&inbox->lock, NULL);
}

void inbox_deinit(struct inbox *inbox)
{
    free(inbox->draining.items);
    free(inbox->waiting.items);
    pthread_mutex_destroy(&inbox->lock);
}

static void append(struct inbox_items *list, struct inbox_item item)
{
    if (list->count == list->capacity) {
        list->capacity =
            list->capacity ? list->capacity * 2 : (size_t)FIRST_CAPACITY;
        list->items =
            memory_resize(list->items, list->capacity, sizeof *list->items);
    }
    list->items[list->count++] = item;
}

void inbox_post(struct inbox *inbox, struct inbox_item item)
{
    pthread_mutex_lock(&inbox->lock);
    bool was_empty = inbox->waiting.count == 0;
    append(&inbox->waiting, item);
    atomic_store_explicit(&inbox->depth, inbox->waiting.count,
                          memory_order_relaxed);
    pthread_mutex_unlock(&inbox->lock);
    if (was_empty)
        inbox->wake(inbox->wake_arg);
}

/* Frees a burst's memory, but keeps the usual size. */
static void empty(struct inbox_items *list)
{
    list->count = 0;
    if (list->capacity > KEPT_CAPACITY) {
        free(list->items);
        *list = (struct inbox_items){0};
    }
}

bool inbox_drain(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    struct inbox_items taken = inbox->waiting;
    inbox->waiting = inbox->draining;
    inbox->draining = taken;
    atomic_store_explicit(&inbox->depth, 0, memory_order_relaxed);
    pthread_mutex_unlock(&inbox->lock);

    for (size_t i = 0; i < taken.count; i++)
        taken.items[i].run(taken.items[i].subject, taken.items[i].object);
    bool had_work = taken.count > 0;
    empty(&inbox->draining);
    return had_work;
}

#include "messaging/store/history.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    FIRST_CAPACITY = 4,
    OVERHEAD = 32 /* allocator overhead, and a place in a half-full ring */
};

/* The memory of a kept message. */
static size_t cost_of(const struct message *message)
{
    return message_size(message) + OVERHEAD;
}

struct message *history_at(const struct history *history, uint32_t index)
{
    return history->messages[(history->first + index) % history->capacity];
}

static void grow(struct history *history)
{
    uint32_t capacity =
        history->capacity ? history->capacity * 2 : (uint32_t)FIRST_CAPACITY;
    struct message **messages = memory_new(capacity, sizeof *messages);
    for (uint32_t i = 0; i < history->count; i++)
        messages[i] = history_at(history, i);
    free(history->messages);
    history->messages = messages;
    history->capacity = capacity;
    history->first = 0;
}

void history_append(struct history *history, struct message *message,
                    const struct channel_options *options)
{
    if (!options->history_size)
        return;
    history_expire(history, options, message->time_ms);
    if (history->count == options->history_size)
        history_drop_oldest(history);
    if (history->count == history->capacity)
        grow(history);
    uint32_t place = (history->first + history->count) % history->capacity;
    history->messages[place] = message_ref(message);
    history->count++;
    history->bytes += cost_of(message);
}

void history_expire(struct history *history,
                    const struct channel_options *options, int64_t now_ms)
{
    int64_t oldest_ms = now_ms - (int64_t)options->history_seconds * 1000;
    while (history->count && history_at(history, 0)->time_ms < oldest_ms)
        history_drop_oldest(history);
}

void history_drop_oldest(struct history *history)
{
    struct message *oldest = history_at(history, 0);
    history->bytes -= cost_of(oldest);
    message_unref(oldest);
    history->first = (history->first + 1) % history->capacity;
    history->count--;
    if (!history->count) {
        free(history->messages);
        *history = (struct history){0};
    }
}

void history_clear(struct history *history)
{
    while (history->count)
        history_drop_oldest(history);
}

bool history_find(const struct history *history, uint64_t offset,
                  uint64_t newest, uint32_t *index)
{
    *index = history->count;
    if (offset == newest)
        return true;
    if (offset > newest || !history->count)
        return false;
    /* the offsets of kept messages are contiguous */
    uint64_t oldest = history_at(history, 0)->offset;
    if (offset + 1 < oldest)
        return false;
    *index = (uint32_t)(offset + 1 - oldest);
    return true;
}

/* From that message up to the offset `until`. */
static void report_page(const struct history *history, uint32_t index,
                        uint64_t until, struct request *request)
{
    for (; index < history->count; index++) {
        struct message *message = history_at(history, index);
        if (message->offset > until)
            return;
        request->has_more = !request_has_room(request, message);
        if (request->has_more)
            return;
        request_add_message(request, message);
        request->page_end = message->offset;
    }
}

void history_report_missed(const struct history *history,
                           struct request *request)
{
    const struct position *since = &request->since;
    uint64_t newest = request->position.offset;
    uint32_t index;
    request->page_end = since->offset;
    if (since->epoch != request->position.epoch ||
        !history_find(history, since->offset, newest, &index))
        return;
    request->recovered = true;
    report_page(history, index, newest, request);
}

static uint32_t first_after(const struct history *history, uint64_t offset)
{
    uint64_t oldest = history->count ? history_at(history, 0)->offset : 0;
    return offset + 1 > oldest ? (uint32_t)(offset + 1 - oldest) : 0;
}

void history_report(const struct history *history, struct request *request)
{
    uint32_t count = history->count;
    if (!request->is_continued)
        report_page(history,
                    count > request->limit ? count - request->limit : 0,
                    request->position.offset, request);
    else if (request->since.epoch == request->position.epoch)
        report_page(history, first_after(history, request->since.offset),
                    request->until, request);
}

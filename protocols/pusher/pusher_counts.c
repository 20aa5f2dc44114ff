#include "protocols/pusher/pusher_counts.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "messaging/bus.h"
#include "messaging/names.h"
#include "messaging/worker.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_name.h"
#include "protocols/pusher/pusher_webhook.h"

enum { AT_ONCE = 50, MANY = 100, SECONDS = 1000, SECONDS_OF_MANY = 5000 };

/* A channel whose subscribers have recently changed. */
struct changed {
    uint64_t told_ms;
    uint64_t count; /* the last published count */
    bool is_changed;
    bool is_asked;
    UT_hash_handle hh;
    char name[];
};

static struct {
    pthread_mutex_t lock;
    struct changed *channels; /* under the lock */
} counts = {.lock = PTHREAD_MUTEX_INITIALIZER};

void pusher_counts_note(const char *channel)
{
    struct changed *changed;
    if (pusher_name_is_internal(pusher_name_of(bytes_of(channel))))
        return;
    pthread_mutex_lock(&counts.lock);
    HASH_FIND_OR_ADD_NAMED(counts.channels, name, bytes_of(channel), changed);
    changed->is_changed = true;
    pthread_mutex_unlock(&counts.lock);
}

/* ---- telling ------------------------------------------------------------- */

/* For a channel of any instance; its entry may have been removed meanwhile. */
static void settle(struct bytes name, bool is_told, uint64_t count)
{
    struct changed *changed;
    pthread_mutex_lock(&counts.lock);
    HASH_FIND_NAMED(counts.channels, name, changed);
    if (changed) {
        changed->is_asked = false;
        changed->is_changed |= !is_told;
        changed->count = count;
        changed->told_ms = clock_steady_ms();
    }
    pthread_mutex_unlock(&counts.lock);
}

/* `payload` is an object. */
static void tell_webhook(struct worker *worker, struct bytes channel,
                         struct bytes payload)
{
    struct pusher_app *app = pusher_app_of_channel(channel);
    struct buffer more = {0};
    buffer_append_char(&more, ',');
    buffer_append(&more, (struct bytes){payload.data + 1, payload.len - 2});
    if (app)
        pusher_webhook_tell(worker->instance->hooks, app, PUSHER_COUNT, channel,
                            buffer_bytes(&more));
    buffer_deinit(&more);
    pusher_app_unref(app);
}

static void publish(struct worker *worker, struct bytes name, uint64_t count)
{
    const struct bytes none = {0};
    struct buffer payload = {0};
    buffer_append_text(&payload, "{\"subscription_count\":");
    buffer_append_uint(&payload, count);
    buffer_append_char(&payload, '}');
    const struct message_parts parts = {
        .channel = name,
        .event = BYTES_LITERAL("pusher_internal:subscription_count"),
        .payload = buffer_bytes(&payload),
    };
    struct request *request = request_new(REQUEST_PUBLISH, name, none, none);
    request->message = message_new_of(MESSAGE_PUBLICATION, &parts);
    bus_submit(worker->instance->bus, request);
    tell_webhook(worker, name, buffer_bytes(&payload));
    buffer_deinit(&payload);
}

/* One instance's count for the channel. */
static uint64_t connections_in(struct bytes answer, struct bytes name)
{
    struct json_slot rows = {.name = "rows"};
    struct bytes row;
    const char *why;
    uint64_t count = 0;
    if (!json_scan_object(answer, &rows, 1, &why))
        return 0;
    while (json_next_element(&rows.raw, &row)) {
        struct json_slot slots[] = {{.name = "channel"},
                                    {.name = "connections"}};
        char text[CHANNEL_NAME_MAX];
        struct bytes found;
        if (json_scan_object(row, slots, 2, &why) &&
            channel_name_decode(slots[0].raw, text, &found, NULL) &&
            bytes_equal(found, name))
            json_decode_whole(slots[1].raw, &count);
    }
    return count;
}

static void tell(struct worker *worker, const struct request *request,
                 struct bytes name)
{
    bool is_told = request->fault == FAULT_NONE;
    uint64_t count = 0;
    for (size_t i = 0; i < request->name_count; i++)
        count += connections_in(bytes_of(request->names[i]), name);
    settle(name, is_told, count);
    if (is_told && count)
        publish(worker, name, count);
}

static void on_counted(struct worker *worker, struct request *request)
{
    struct bytes list = bytes_of(request->channel);
    while (list.len) {
        const char *end = memchr(list.data, '\n', list.len);
        size_t len = end ? (size_t)(end - list.data) : list.len;
        tell(worker, request, (struct bytes){list.data, len});
        list = bytes_skip(list, len + (end != NULL));
    }
}

/* ---- asking -------------------------------------------------------------- */

static bool is_due(const struct changed *changed, uint64_t now_ms)
{
    uint64_t pause = changed->count > MANY ? SECONDS_OF_MANY : SECONDS;
    /* ticks may be slightly less than a second apart */
    return clock_elapsed(now_ms, changed->told_ms) + SECONDS / 2 >= pause;
}

/* Appends some due channels, separated by newlines; returns their number. */
static unsigned take_due(uint64_t now_ms, struct buffer *list)
{
    unsigned count = 0;
    struct changed *changed;
    struct changed *next;
    pthread_mutex_lock(&counts.lock);
    HASH_ITER(hh, counts.channels, changed, next)
    {
        if (count == AT_ONCE)
            break;
        if (changed->is_asked || !is_due(changed, now_ms))
            continue;
        if (!changed->is_changed) {
            HASH_DEL(counts.channels, changed);
            free(changed);
            continue;
        }
        changed->is_changed = false;
        changed->is_asked = true;
        buffer_append_text(list, count++ ? "\n" : "");
        buffer_append(list, bytes_of(changed->name));
    }
    pthread_mutex_unlock(&counts.lock);
    return count;
}

void pusher_counts_tick(struct worker *worker)
{
    const struct bytes none = {0};
    unsigned count = AT_ONCE;
    while (!worker->index && count == AT_ONCE) {
        struct buffer list = {0};
        count = take_due(clock_steady_ms(), &list);
        if (count) {
            struct request *request =
                request_new_survey(SURVEY_CHANNELS, none, buffer_bytes(&list));
            request->done = on_counted;
            request->worker = worker;
            bus_submit(worker->instance->bus, request);
        }
        buffer_deinit(&list);
    }
}

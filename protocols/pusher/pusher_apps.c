#include "protocols/pusher/pusher_apps.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/origin.h"
#include "messaging/hook_target.h"
#include "messaging/identity.h"
#include "protocols/pusher/pusher_name.h"
#include "protocols/pusher/pusher_webhook_events.h"

/* Handshakes and requests find the apps here, because endpoints and routes are
 * static. */
static struct {
    pthread_mutex_t lock;
    struct pusher_app **items; /* under the lock */
    size_t count;
} apps = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool is_word(const char *text, size_t max)
{
    size_t len = 0;
    for (; text[len]; len++)
        if (!isalnum((unsigned char)text[len]) && !strchr("-_", text[len]))
            return false;
    return len && len <= max;
}

bool pusher_id_is_valid(const char *text)
{
    return is_word(text, PUSHER_ID_MAX);
}

bool pusher_key_is_valid(const char *text)
{
    return is_word(text, PUSHER_KEY_MAX);
}

static char *copy(const char *text)
{
    return memory_copy_text(text, strlen(text));
}

/* Grants all of the app's channels: signatures authorize each subscription. */
static struct caps *caps_of(const char *prefix)
{
    struct buffer text = {0};
    struct error error;
    buffer_append_format(&text,
                         "[{\"channels\":[\"%s*\"],\"allow\":[\"sub\",\"pub\","
                         "\"prs\",\"hst\"]}]",
                         prefix);
    struct json *json = json_parse(buffer_bytes(&text), false, &error);
    struct caps *caps = json ? caps_parse(json, &error) : NULL;
    PANIC_IF(!caps);
    json_free(json);
    buffer_deinit(&text);
    return caps;
}

/* Connection counters per app id, which outlive reloads. Never freed. */
struct counter {
    struct counter *next;
    _Atomic uint32_t connected;
    char id[PUSHER_ID_MAX + 1];
};

/* Call on the thread that applies the config. */
static _Atomic uint32_t *counter_of(const char *id)
{
    static struct counter *counters;
    struct counter *counter = counters;
    while (counter && strcmp(counter->id, id) != 0)
        counter = counter->next;
    if (!counter) {
        counter = memory_new(1, sizeof *counter);
        snprintf(counter->id, sizeof counter->id, "%s", id);
        counter->next = counters;
        counters = counter;
    }
    return &counter->connected;
}

static struct pusher_app *app_new(const struct pusher_app_options *options)
{
    struct pusher_app *app = memory_new(1, sizeof *app);
    atomic_init(&app->references, 1);
    app->id = copy(options->id);
    app->key = copy(options->key);
    app->secret =
        copy(options->secret ? options->secret : options->file_secret);
    snprintf(app->prefix, sizeof app->prefix, PUSHER_PREFIX "%s:", options->id);
    app->prefix_len = strlen(app->prefix);
    app->caps = caps_of(app->prefix);
    app->client_events = options->client_events;
    app->client_events_per_second = options->client_events_per_second;
    app->presence_members = options->presence_members;
    app->subscription_counts = options->subscription_counts;
    app->watchlists = options->watchlists;
    for (size_t i = 0; i < options->origins.count; i++)
        text_list_add(&app->origins, options->origins.items[i]);
    app->connections = options->connections;
    app->event_bytes = options->event_bytes;
    app->connected = counter_of(options->id);
    if (options->webhook_url)
        app->webhook =
            hook_target_new(options->webhook_url, app->key, app->secret);
    app->webhook_events = pusher_webhook_events_read(&options->webhook_events);
    return app;
}

struct pusher_app *pusher_app_ref(struct pusher_app *app)
{
    atomic_fetch_add(&app->references, 1);
    return app;
}

void pusher_app_unref(struct pusher_app *app)
{
    if (!app || atomic_fetch_sub(&app->references, 1) > 1)
        return;
    caps_unref(app->caps);
    hook_target_unref(app->webhook);
    text_list_deinit(&app->origins);
    free(app->id);
    free(app->key);
    free(app->secret);
    free(app);
}

void pusher_apps_use(const struct pusher_app_options_list *list)
{
    struct pusher_app **fresh = memory_new(list->count + 1, sizeof *fresh);
    for (size_t i = 0; i < list->count; i++)
        fresh[i] = app_new(&list->items[i]);
    pthread_mutex_lock(&apps.lock);
    struct pusher_app **old = apps.items;
    size_t old_count = apps.count;
    apps.items = fresh;
    apps.count = list->count;
    pthread_mutex_unlock(&apps.lock);
    for (size_t i = 0; i < old_count; i++)
        pusher_app_unref(old[i]);
    free(old);
}

bool pusher_apps_exist(void)
{
    pthread_mutex_lock(&apps.lock);
    bool exist = apps.count > 0;
    pthread_mutex_unlock(&apps.lock);
    return exist;
}

static struct pusher_app *find(bool (*fits)(const struct pusher_app *app,
                                            struct bytes text),
                               struct bytes text)
{
    struct pusher_app *found = NULL;
    pthread_mutex_lock(&apps.lock);
    for (size_t i = 0; i < apps.count && !found; i++)
        if (fits(apps.items[i], text))
            found = pusher_app_ref(apps.items[i]);
    pthread_mutex_unlock(&apps.lock);
    return found;
}

static bool has_key(const struct pusher_app *app, struct bytes text)
{
    return bytes_equal(bytes_of(app->key), text);
}

static bool has_id(const struct pusher_app *app, struct bytes text)
{
    return bytes_equal(bytes_of(app->id), text);
}

struct pusher_app *pusher_app_of_key(struct bytes key)
{
    return find(has_key, key);
}

struct pusher_app *pusher_app_of_id(struct bytes id)
{
    return find(has_id, id);
}

struct pusher_app *pusher_app_of_channel(struct bytes channel)
{
    struct bytes rest = bytes_skip(channel, strlen(PUSHER_PREFIX));
    const char *colon = rest.len ? memchr(rest.data, ':', rest.len) : NULL;
    return colon ? pusher_app_of_id(
                       (struct bytes){rest.data, (size_t)(colon - rest.data)})
                 : NULL;
}

bool pusher_app_has_origin(const struct pusher_app *app, struct bytes origin)
{
    for (size_t i = 0; i < app->origins.count; i++)
        if (origin_matches(app->origins.items[i], origin))
            return true;
    return !origin.len; /* only browsers send one */
}

bool pusher_app_enter(const struct pusher_app *app)
{
    uint32_t before = atomic_fetch_add(app->connected, 1);
    if (!app->connections || before < app->connections)
        return true;
    atomic_fetch_sub(app->connected, 1);
    return false;
}

void pusher_app_leave(const struct pusher_app *app)
{
    atomic_fetch_sub(app->connected, 1);
}

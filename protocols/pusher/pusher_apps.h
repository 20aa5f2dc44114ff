/* pusher_apps: the applications that speak Pusher's protocol, by key and by id.
 *
 * Owner:   reference-counted; an app copies the options.
 * Thread:  any.
 * Limits:  none of its own.
 * Failure: NULL if there is no such app.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_APPS_H
#define PEAL_PROTOCOLS_PUSHER_APPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/text_list.h"

enum {
    PUSHER_ID_MAX = 20,
    PUSHER_KEY_MAX = 64,
    PUSHER_PREFIX_MAX = 7 + PUSHER_ID_MAX + 1
};

/* One app of the config. */
struct pusher_app_options {
    char *id;
    char *key;
    char *secret;
    char *secret_file;
    char *file_secret;  /* read from that file, or NULL */
    bool client_events; /* clients may send events to each other */
    uint32_t client_events_per_second; /* per connection */
    uint32_t presence_members;         /* per presence channel */
    bool subscription_counts;          /* send subscription counts */
    bool watchlists;                   /* send presence of watched users */
    struct text_list origins;          /* web origins; empty: the config's */
    uint32_t connections;              /* per instance; 0: no limit */
    uint32_t event_bytes;              /* maximum data of one event */
    char *webhook_url;                 /* NULL: no webhook */
    struct text_list webhook_events;
};

struct pusher_app_options_list {
    struct pusher_app_options *items;
    size_t count;
};

struct caps;
struct hook_target;

struct pusher_app {
    _Atomic unsigned references;
    char *id;
    char *key;
    char *secret;
    char prefix[PUSHER_PREFIX_MAX + 1];
    size_t prefix_len;
    struct caps *caps; /* capabilities of its clients */
    bool client_events;
    uint32_t client_events_per_second;
    uint32_t presence_members;
    bool subscription_counts;
    bool watchlists;
    struct text_list origins;
    uint32_t connections;
    uint32_t event_bytes;
    _Atomic uint32_t *connected; /* connections of the id, on this instance */
    struct hook_target *webhook; /* a reference, or NULL */
    unsigned webhook_events;     /* see pusher_webhook.h */
};

/* Letters, digits, - and _. */
bool pusher_id_is_valid(const char *text);
bool pusher_key_is_valid(const char *text);

/* Replaces the set of apps. */
void pusher_apps_use(const struct pusher_app_options_list *list);

/* Whether there is any app; otherwise the protocol is off. */
bool pusher_apps_exist(void);

/* A new reference, or NULL. */
struct pusher_app *pusher_app_of_key(struct bytes key);
struct pusher_app *pusher_app_of_id(struct bytes id);

/* Finds the app by the Peal name of one of its channels or clients. */
struct pusher_app *pusher_app_of_channel(struct bytes channel);

struct pusher_app *pusher_app_ref(struct pusher_app *app);

/* NULL is ignored. */
void pusher_app_unref(struct pusher_app *app);

/* Whether a page of that origin may connect to an app that has `origins`. */
bool pusher_app_has_origin(const struct pusher_app *app, struct bytes origin);

/* Counts a connection, unless there are too many, and uncounts it. */
bool pusher_app_enter(const struct pusher_app *app);
void pusher_app_leave(const struct pusher_app *app);

#endif

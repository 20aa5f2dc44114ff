/* api_keys: the keys of the HTTP API, their scopes, and their channels and
 * clients.
 *
 * Owner:   reference-counted; copies the options.
 * Thread:  api_keys_new on the main thread; the rest from any.
 * Limits:  each key's requests per second; the burst is one second's worth.
 * Failure: api_keys_find returns NULL for an unknown key; comparisons take
 *          constant time.
 */
#ifndef PEAL_API_API_KEYS_H
#define PEAL_API_API_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/text_list.h"

/* Scopes; admin includes all others. */
enum api_scope {
    SCOPE_PUBLISH = 1,
    SCOPE_SEND = 2,
    SCOPE_PRESENCE = 4,
    SCOPE_HISTORY = 8,
    SCOPE_CHANNELS = 16,
    SCOPE_DISCONNECT = 32,
    SCOPE_TICKETS = 64,
    SCOPE_ADMIN = 128,
    SCOPE_CLIENTS = 256,
    SCOPE_BANS = 512,
    SCOPE_USERS = 1024,
    SCOPE_ALL = 2047
};

/* As in the config. */
#define API_SCOPES                                                             \
    "publish|send|presence|history|channels|disconnect|"                       \
    "tickets|clients|bans|users|admin"

/* A key's hash as text: this and 64 hexadecimal digits of SHA-256. */
#define API_HASH_PREFIX "sha256:"
enum {
    API_HASH_LEN = 7 + 64,
    API_KEY_MIN = 16,
    API_KEY_MAX = 256,
    API_KEY_MADE = 5 + 32 /* length of a key by api_key_make */
};

/* One key of the config, without the plain key. */
struct api_key_options {
    char *name;
    char *hash; /* API_HASH_PREFIX... */
    struct text_list scopes;
    uint32_t requests_per_second; /* 0: no limit */
    struct text_list channels;    /* patterns that the key may access */
    struct text_list clients;
};

struct api_key_options_list {
    struct api_key_options *items;
    size_t count;
};

struct api_keys;
struct api_key;
struct api_key_counts;
struct buffer;

/* Returns one reference. There may be no keys. `key`: a plain key with all
 * scopes, or NULL, and its rate. `former`: the previous keys, or NULL; counters
 * continue for keys of the same name. */
struct api_keys *api_keys_new(const struct api_key_options_list *list,
                              const char *key, uint32_t requests_per_second,
                              const struct api_keys *former);

struct api_keys *api_keys_ref(struct api_keys *keys);

/* NULL is ignored. */
void api_keys_unref(struct api_keys *keys);

bool api_keys_are_none(const struct api_keys *keys);

/* The key for the given credentials, or NULL. */
struct api_key *api_keys_find(struct api_keys *keys, struct bytes key);

/* The name in the config; "api.key" for the plain key. */
const char *api_key_name(const struct api_key *key);

bool api_key_may(const struct api_key *key, unsigned scope);

/* Whether the key is restricted to some channels and clients. */
bool api_key_is_limited(const struct api_key *key);

/* The patterns that the key may access; NULL: all. */
const struct text_list *api_key_channels(const struct api_key *key);
const struct text_list *api_key_clients(const struct api_key *key);

/* The key's counters of answered requests. */
struct api_key_counts *api_key_counts(const struct api_key *key);

/* Prometheus' text format: requests by key. */
void api_keys_write_metrics(const struct api_keys *keys, struct buffer *out);

/* Takes one request from the key's rate; false if the rate is exceeded. */
bool api_key_take(struct api_key *key, uint64_t now_ms);

/* Writes a key's hash, terminated. */
void api_key_hash(struct bytes key, char out[API_HASH_LEN + 1]);

/* Whether a key is long enough and can be sent in a header; API_KEY_FORM is the
 * rule as text. */
bool api_key_is_valid(const char *key);

#define API_KEY_FORM "16 to 256 printable ASCII characters without spaces"

/* Writes a new unguessable one, zero-terminated. */
void api_key_make(char out[API_KEY_MADE + 1]);

/* Whether `text` looks like a hash. */
bool api_key_hash_is_valid(const char *text);

#endif

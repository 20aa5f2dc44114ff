/* api_keys: who may use the HTTP API, for what, and on which channels and
 * clients.
 *
 * Owner:   counted: whoever holds a reference; it has copies of what the
 *          options say.
 * Thread:  api_keys_new on the main thread; the rest from any.
 * Limits:  each key's requests a second; the burst is one second's worth.
 * Failure: a key that is not known is told from one that may not only by its
 *          owner: api_keys_find gives NULL. Times of comparison say nothing.
 */
#ifndef PEAL_API_API_KEYS_H
#define PEAL_API_API_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/text_list.h"

/* What a key may be allowed; admin is all of it. */
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
#define API_SCOPES "publish|send|presence|history|channels|disconnect|"        \
                   "tickets|clients|bans|users|admin"

/* A key's hash as text: this and 64 hexadecimal digits of SHA-256. */
#define API_HASH_PREFIX "sha256:"
enum {
    API_HASH_LEN = 7 + 64,
    API_KEY_MIN = 16,
    API_KEY_MAX = 256,
    API_KEY_MADE = 5 + 32 /* what api_key_make makes */
};

/* One key of the config; a plain key is not kept there. */
struct api_key_options {
    char *name;
    char *hash; /* API_HASH_PREFIX... */
    struct text_list scopes;
    uint32_t requests_per_second; /* 0: no limit */
    struct text_list channels;    /* patterns that it reaches */
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

/* One reference. No keys at all is fine. `key`: a plain one that may do
 * everything, or NULL, and its rate. `former`: those before, or NULL: what was
 * counted for a key goes on under its name. */
struct api_keys *api_keys_new(const struct api_key_options_list *list,
                              const char *key, uint32_t requests_per_second,
                              const struct api_keys *former);

struct api_keys *api_keys_ref(struct api_keys *keys);

/* NULL is ignored. */
void api_keys_unref(struct api_keys *keys);

bool api_keys_are_none(const struct api_keys *keys);

/* The key that a client brings, or NULL. */
struct api_key *api_keys_find(struct api_keys *keys, struct bytes key);

/* As in the config; "api.key" for the plain one. */
const char *api_key_name(const struct api_key *key);

bool api_key_may(const struct api_key *key, unsigned scope);

/* Whether it reaches only some channels and clients. */
bool api_key_is_limited(const struct api_key *key);

/* The patterns that it reaches; NULL: all. */
const struct text_list *api_key_channels(const struct api_key *key);
const struct text_list *api_key_clients(const struct api_key *key);

/* What was answered to it. */
struct api_key_counts *api_key_counts(const struct api_key *key);

/* Prometheus' text format: requests by key. */
void api_keys_write_metrics(const struct api_keys *keys, struct buffer *out);

/* Takes one request from its rate; false when it is used up. */
bool api_key_take(struct api_key *key, uint64_t now_ms);

/* Writes a key's hash, terminated. */
void api_key_hash(struct bytes key, char out[API_HASH_LEN + 1]);

/* Whether a key is long enough, and can stand in a header; API_KEY_FORM says
 * the same in words. */
bool api_key_is_valid(const char *key);

#define API_KEY_FORM "16 to 256 printable ASCII characters without blank"

/* Writes a new one that nobody can guess, terminated. */
void api_key_make(char out[API_KEY_MADE + 1]);

/* Whether `text` looks like a hash. */
bool api_key_hash_is_valid(const char *text);

#endif

#include "api/api_keys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "api/api_key_counts.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/token_bucket.h"
#include "messaging/names.h"

enum { HASH_BYTES = 32 };

struct api_key {
    /* set once */
    char *name;
    unsigned char hash[HASH_BYTES];
    unsigned scopes;
    uint32_t requests_per_second;
    bool is_limited;
    struct text_list channels; /* if it is limited */
    struct text_list clients;
    struct api_key_counts *counts; /* a reference */
    /* any thread, under lock */
    pthread_mutex_t lock;
    struct token_bucket bucket;
};

struct api_keys {
    _Atomic uint32_t references;
    struct api_key *items;
    size_t count;
};

static void hash_key(struct bytes key, unsigned char out[HASH_BYTES])
{
    unsigned len = HASH_BYTES;
    PANIC_IF(!EVP_Digest(key.data, key.len, out, &len, EVP_sha256(), NULL));
}

static bool read_hash(const char *text, unsigned char out[HASH_BYTES])
{
    size_t prefix = strlen(API_HASH_PREFIX);
    return strncmp(text, API_HASH_PREFIX, prefix) == 0 &&
           hex_decode(bytes_of(text + prefix), out, HASH_BYTES);
}

bool api_key_hash_is_valid(const char *text)
{
    unsigned char hash[HASH_BYTES];
    return read_hash(text, hash);
}

void api_key_hash(struct bytes key, char out[API_HASH_LEN + 1])
{
    unsigned char hash[HASH_BYTES];
    hash_key(key, hash);
    strcpy(out, API_HASH_PREFIX);
    hex_encode(hash, sizeof hash, out + strlen(API_HASH_PREFIX));
}

bool api_key_is_valid(const char *key)
{
    for (const char *at = key; *at; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    return strlen(key) >= API_KEY_MIN && strlen(key) <= API_KEY_MAX;
}

void api_key_make(char out[API_KEY_MADE + 1])
{
    unsigned char secret[16];
    random_fill(secret, sizeof secret);
    strcpy(out, "peal_");
    hex_encode(secret, sizeof secret, out + strlen("peal_"));
}

static unsigned read_scopes(const struct text_list *list)
{
    static const struct {
        const char *name;
        unsigned scopes;
    } names[] = {
        {"publish", SCOPE_PUBLISH},   {"send", SCOPE_SEND},
        {"presence", SCOPE_PRESENCE}, {"history", SCOPE_HISTORY},
        {"channels", SCOPE_CHANNELS}, {"disconnect", SCOPE_DISCONNECT},
        {"tickets", SCOPE_TICKETS},   {"clients", SCOPE_CLIENTS},
        {"bans", SCOPE_BANS},         {"users", SCOPE_USERS},
        {"admin", SCOPE_ALL},
    };
    unsigned scopes = 0;
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < sizeof names / sizeof *names; j++)
            if (strcmp(list->items[i], names[j].name) == 0)
                scopes |= names[j].scopes;
    return scopes;
}

static struct api_key_counts *counts_named(const struct api_keys *keys,
                                           const char *name)
{
    for (size_t i = 0; keys && i < keys->count; i++)
        if (strcmp(keys->items[i].name, name) == 0)
            return api_key_counts_ref(keys->items[i].counts);
    return api_key_counts_new();
}

static bool has_everything(const struct text_list *patterns)
{
    return name_patterns_cover(patterns, "*");
}

static void copy_list(struct text_list *out, const struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        text_list_add(out, list->items[i]);
}

static void limit(struct api_key *key, const struct api_key_options *options)
{
    key->is_limited = !has_everything(&options->channels) ||
                      !has_everything(&options->clients);
    copy_list(&key->channels, &options->channels);
    copy_list(&key->clients, &options->clients);
}

static struct api_key *add(struct api_keys *keys, const char *name,
                           unsigned scopes, uint32_t requests_per_second)
{
    struct api_key *key = &keys->items[keys->count++];
    key->name = memory_copy_text(name, strlen(name));
    key->scopes = scopes;
    key->requests_per_second = requests_per_second;
    pthread_mutex_init(&key->lock, NULL);
    return key;
}

struct api_keys *api_keys_new(const struct api_key_options_list *list,
                              const char *key, uint32_t requests_per_second,
                              const struct api_keys *former)
{
    struct api_keys *keys = memory_new(1, sizeof *keys);
    atomic_init(&keys->references, 1);
    keys->items = memory_new(list->count + 1, sizeof *keys->items);
    for (size_t i = 0; i < list->count; i++) {
        const struct api_key_options *options = &list->items[i];
        struct api_key *added =
            add(keys, options->name, read_scopes(&options->scopes),
                options->requests_per_second);
        limit(added, options);
        /* the config was checked */
        PANIC_IF(!read_hash(options->hash, added->hash));
    }
    if (key)
        hash_key(bytes_of(key),
                 add(keys, "api.key", SCOPE_ALL, requests_per_second)->hash);
    for (size_t i = 0; i < keys->count; i++)
        keys->items[i].counts = counts_named(former, keys->items[i].name);
    return keys;
}

struct api_keys *api_keys_ref(struct api_keys *keys)
{
    atomic_fetch_add_explicit(&keys->references, 1, memory_order_relaxed);
    return keys;
}

void api_keys_unref(struct api_keys *keys)
{
    if (!keys || atomic_fetch_sub_explicit(&keys->references, 1,
                                           memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < keys->count; i++) {
        pthread_mutex_destroy(&keys->items[i].lock);
        free(keys->items[i].name);
        text_list_deinit(&keys->items[i].channels);
        text_list_deinit(&keys->items[i].clients);
        api_key_counts_unref(keys->items[i].counts);
    }
    free(keys->items);
    free(keys);
}

bool api_keys_are_none(const struct api_keys *keys)
{
    return keys->count == 0;
}

/* Compares all keys, in constant time. */
struct api_key *api_keys_find(struct api_keys *keys, struct bytes key)
{
    unsigned char hash[HASH_BYTES];
    struct api_key *found = NULL;
    if (!key.len || key.len > API_KEY_MAX)
        return NULL;
    hash_key(key, hash);
    for (size_t i = 0; i < keys->count; i++)
        if (CRYPTO_memcmp(hash, keys->items[i].hash, HASH_BYTES) == 0)
            found = &keys->items[i];
    return found;
}

const char *api_key_name(const struct api_key *key)
{
    return key->name;
}

bool api_key_may(const struct api_key *key, unsigned scope)
{
    return (key->scopes & scope) == scope;
}

bool api_key_is_limited(const struct api_key *key)
{
    return key->is_limited;
}

const struct text_list *api_key_channels(const struct api_key *key)
{
    return key->is_limited ? &key->channels : NULL;
}

const struct text_list *api_key_clients(const struct api_key *key)
{
    return key->is_limited ? &key->clients : NULL;
}

struct api_key_counts *api_key_counts(const struct api_key *key)
{
    return key->counts;
}

void api_keys_write_metrics(const struct api_keys *keys, struct buffer *out)
{
    buffer_append_text(out, API_KEY_COUNTS_HEAD);
    for (size_t i = 0; i < keys->count; i++)
        api_key_counts_write(keys->items[i].counts, keys->items[i].name, out);
}

bool api_key_take(struct api_key *key, uint64_t now_ms)
{
    if (!key->requests_per_second)
        return true;
    pthread_mutex_lock(&key->lock);
    bool taken =
        token_bucket_take(&key->bucket, key->requests_per_second, now_ms);
    pthread_mutex_unlock(&key->lock);
    return taken;
}

#include "messaging/store/idempotency.h"

#include <stdlib.h>

#include "base/hash.h"
#include "messaging/names.h"

struct idempotency_key {
    struct position position;
    int64_t time_ms;
    UT_hash_handle hh;
    char text[]; /* channel, client and key, separated by spaces */
};

bool idempotency_key_is_valid(struct bytes key)
{
    for (size_t i = 0; i < key.len; i++)
        if (key.data[i] <= ' ' || key.data[i] > '~')
            return false;
    return key.len && key.len <= IDEMPOTENCY_KEY_MAX;
}

/* Neither a channel nor a key contains a space, so the text between them is the
 * client's id. Keys are per client, so that no client gets the answer to
 * another one's publish. */
static size_t write_text(const struct request *request, char *out)
{
    struct bytes parts[] = {bytes_of(request->channel),
                            bytes_of(request->client), request->once};
    size_t len = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (i)
            out[len++] = ' ';
        memcpy(out + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    return len;
}

enum {
    TEXT_MAX = CHANNEL_NAME_MAX + 1 + CLIENT_ID_MAX + 1 + IDEMPOTENCY_KEY_MAX
};

static bool is_old(const struct idempotency_key *key, int64_t now_ms)
{
    return now_ms - key->time_ms > IDEMPOTENCY_SECONDS * 1000;
}

bool idempotency_find(const struct idempotency *known,
                      const struct request *request, int64_t now_ms,
                      struct position *position)
{
    char text[TEXT_MAX];
    size_t len = write_text(request, text);
    struct idempotency_key *key;
    HASH_FIND(hh, known->keys, text, len, key);
    if (!key || is_old(key, now_ms))
        return false;
    *position = key->position;
    return true;
}

static void forget(struct idempotency *known, struct idempotency_key *key)
{
    HASH_DEL(known->keys, key);
    free(key);
}

void idempotency_add(struct idempotency *known, const struct request *request,
                     int64_t now_ms)
{
    char text[TEXT_MAX];
    size_t len = write_text(request, text);
    struct idempotency_key *key;
    HASH_FIND(hh, known->keys, text, len, key);
    if (key)
        forget(known, key);
    key = memory_new(1, sizeof *key + len);
    memcpy(key->text, text, len);
    key->position = request->position;
    key->time_ms = now_ms;
    HASH_ADD_KEYPTR(hh, known->keys, key->text, len, key);
}

bool idempotency_drop_oldest(struct idempotency *known)
{
    if (!known->keys)
        return false;
    forget(known, known->keys);
    return true;
}

uint32_t idempotency_expire(struct idempotency *known, int64_t now_ms)
{
    uint32_t count = 0;
    while (known->keys && is_old(known->keys, now_ms)) {
        forget(known, known->keys);
        count++;
    }
    return count;
}

void idempotency_clear(struct idempotency *known)
{
    while (idempotency_drop_oldest(known))
        ;
}

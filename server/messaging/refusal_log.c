#include "messaging/refusal_log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "messaging/names.h"

enum { DETAIL_MAX = 200 };

/* The three concatenated texts. */
struct place {
    uint64_t hash; /* hash of all but times */
    int64_t first_ms;
    int64_t last_ms;
    uint64_t number; /* the order, within a millisecond too */
    uint32_t count;  /* 0: free */
    int status;
    enum refusal_kind kind;
    enum refusal_reason reason;
    struct ip_address address;
    uint16_t client_len;
    uint16_t channel_len;
    uint16_t detail_len;
    char *texts;
};

struct refusal_log {
    pthread_mutex_t lock;
    uint64_t last_number;
    struct place places[REFUSAL_LOG_PLACES];
};

struct refusal_log *refusal_log_new(void)
{
    struct refusal_log *log = memory_new(1, sizeof *log);
    pthread_mutex_init(&log->lock, NULL);
    return log;
}

void refusal_log_free(struct refusal_log *log)
{
    for (size_t i = 0; i < REFUSAL_LOG_PLACES; i++)
        free(log->places[i].texts);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

/* ---- noting -------------------------------------------------------------- */

static struct bytes cut(struct bytes text, size_t max)
{
    return (struct bytes){text.data, text.len < max ? text.len : max};
}

static void put(char **at, struct bytes text)
{
    if (text.len)
        memcpy(*at, text.data, text.len);
    *at += text.len;
}

static void fill(struct place *place, const struct refusal_entry *entry)
{
    struct bytes client = cut(entry->client, CLIENT_ID_MAX);
    struct bytes channel = cut(entry->channel, CHANNEL_NAME_MAX);
    struct bytes detail = cut(entry->detail, DETAIL_MAX);
    *place = (struct place){
        .kind = entry->kind,
        .reason = entry->reason,
        .status = entry->status,
        .address = entry->address,
        .client_len = (uint16_t)client.len,
        .channel_len = (uint16_t)channel.len,
        .detail_len = (uint16_t)detail.len,
        .texts = memory_new(1, client.len + channel.len + detail.len + 1),
    };
    char *at = place->texts;
    put(&at, client);
    put(&at, channel);
    put(&at, detail);
    place->hash = hash_bytes(place->texts, (size_t)(at - place->texts)) ^
                  hash_bytes(place->address.bytes, 16);
}

static bool is_same(const struct place *a, const struct place *b)
{
    return a->hash == b->hash && a->kind == b->kind && a->reason == b->reason &&
           a->status == b->status;
}

static bool has_address(const struct place *a, const struct place *b)
{
    return a->count && memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

static struct place *older(struct place *a, struct place *b)
{
    return !a || b->number < a->number ? b : a;
}

/* The place of an entry: that of an equal one, one of its address if that has
 * many, a free one (number 0), or the oldest. */
static struct place *choose(struct refusal_log *log, const struct place *fresh)
{
    struct place *oldest = NULL;
    struct place *oldest_of_address = NULL;
    unsigned of_address = 0;
    for (size_t i = 0; i < REFUSAL_LOG_PLACES; i++) {
        struct place *place = &log->places[i];
        if (place->count && is_same(place, fresh))
            return place;
        oldest = older(oldest, place);
        if (!has_address(place, fresh))
            continue;
        of_address++;
        oldest_of_address = older(oldest_of_address, place);
    }
    return of_address >= REFUSAL_LOG_PER_ADDRESS ? oldest_of_address : oldest;
}

void refusal_log_note(struct refusal_log *log,
                      const struct refusal_entry *entry)
{
    struct place fresh;
    int64_t now_ms = clock_wall_ms();
    fill(&fresh, entry);
    pthread_mutex_lock(&log->lock);
    struct place *place = choose(log, &fresh);
    bool counts_up = place->count && is_same(place, &fresh) &&
                     now_ms - place->last_ms < REFUSAL_LOG_SECONDS * 1000;
    fresh.first_ms = counts_up ? place->first_ms : now_ms;
    fresh.count = counts_up ? place->count + 1 : 1;
    fresh.last_ms = now_ms;
    fresh.number = ++log->last_number;
    free(place->texts);
    *place = fresh;
    pthread_mutex_unlock(&log->lock);
}

/* ---- telling ------------------------------------------------------------- */

static struct bytes client_of(const struct place *place)
{
    return (struct bytes){place->texts, place->client_len};
}

static bool is_wanted(const struct place *place,
                      const struct refusal_filter *filter, int64_t now_ms)
{
    return place->count &&
           now_ms - place->last_ms < REFUSAL_LOG_SECONDS * 1000 &&
           (!filter->client.len ||
            bytes_equal(client_of(place), filter->client)) &&
           (!filter->has_range ||
            ip_range_contains(&filter->range, &place->address));
}

static int compare(const void *a, const void *b)
{
    const struct place *const *x = a;
    const struct place *const *y = b;
    return ((*x)->number < (*y)->number) - ((*x)->number > (*y)->number);
}

static void append_text(struct buffer *out, const char *name, struct bytes text)
{
    if (!text.len)
        return;
    buffer_append_format(out, ",\"%s\":", name);
    buffer_append_json_string(out, text);
}

static void write_place(const struct place *place, const char *instance,
                        struct buffer *out)
{
    static const char *const kinds[REFUSAL_KIND_COUNT] = {
        [REFUSED_HANDSHAKE] = "handshake",
        [REFUSED_API_REQUEST] = "api",
        [REFUSED_REFRESH] = "refresh",
        [REFUSED_OPERATION] = "operation",
    };
    char address[IP_ADDRESS_TEXT];
    const char *channel = place->texts + place->client_len;
    const char *detail = channel + place->channel_len;
    ip_address_print(&place->address, address);
    buffer_append_format(out, "{\"time\":%lld,\"first\":%lld,\"count\":%u",
                         (long long)place->last_ms, (long long)place->first_ms,
                         place->count);
    append_text(out, "instance", bytes_of(instance));
    append_text(out, "kind", bytes_of(kinds[place->kind]));
    append_text(out, "client", client_of(place));
    append_text(out, "address", bytes_of(address));
    append_text(out, "channel", (struct bytes){channel, place->channel_len});
    append_text(out, "reason",
                bytes_of(refusal_reason_info(place->reason)->name));
    append_text(out, "detail", (struct bytes){detail, place->detail_len});
    if (place->status)
        buffer_append_format(out, ",\"status\":%d", place->status);
    buffer_append_char(out, '}');
}

uint32_t refusal_log_write(struct refusal_log *log,
                           const struct refusal_filter *filter,
                           const char *instance, uint32_t limit,
                           struct buffer *out)
{
    const struct place *found[REFUSAL_LOG_PLACES];
    uint32_t count = 0;
    int64_t now_ms = clock_wall_ms();
    pthread_mutex_lock(&log->lock);
    for (size_t i = 0; i < REFUSAL_LOG_PLACES; i++)
        if (is_wanted(&log->places[i], filter, now_ms))
            found[count++] = &log->places[i];
    qsort(found, count, sizeof *found, compare);
    for (uint32_t i = 0; i < count && i < limit; i++) {
        buffer_append_text(out, i ? "," : "");
        write_place(found[i], instance, out);
    }
    pthread_mutex_unlock(&log->lock);
    return count;
}

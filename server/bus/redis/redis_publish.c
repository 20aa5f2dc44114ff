/* Publishing, once and in order.
 *
 * publish.lua stores the numbers of executed publishes: a publish whose answer
 * was lost is sent again and gets its original answer. Each also contains the
 * number of the previous one: if that one failed (Redis was temporarily
 * read-only, a script was missing), it fails too instead of overtaking it. */
#include "bus/redis/redis_publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bus/redis/redis_backlog.h"
#include "bus/redis/redis_call.h"
#include "bus/redis/redis_envelope.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_order.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_send.h"
#include "messaging/hub.h"
#include "messaging/store/epoch.h"
#include "messaging/store/idempotency.h"

static bool is_from_input(const struct request *request)
{
    return request->client[0] == '\0' && request->id.len;
}

/* In a cluster the stream is at another node than the channel: the entry's id
 * is an idempotency key there, and the entry ends afterwards. */
static void end_entry(struct redis_bus *bus, const struct request *request)
{
    char *in = redis_name(bus, "in");
    const struct bytes ack[] = {BYTES_LITERAL("XACK"), bytes_of(in),
                                BYTES_LITERAL(REDIS_INPUT_GROUP), request->id};
    const struct bytes del[] = {BYTES_LITERAL("XDEL"), bytes_of(in),
                                request->id};
    redis_send(bus, ack, 4, NULL, NULL);
    redis_send(bus, del, 3, NULL, NULL);
    free(in);
}

static void on_published(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    struct redis_bus *bus = request->bus_data;
    bool is_done = reply && redis_push_position(reply, &request->position);
    redis_order_end(bus, request, is_done ? &request->position : NULL);
    request->is_unsure |= !reply;
    if (!redis_is_answered(request, reply))
        return;
    if (!is_done) {
        /* an entry of the input that another instance took */
        redis_refuse(bus, request);
        return;
    }
    if (bus->cluster && is_from_input(request))
        end_entry(bus, request);
    request->connections =
        hub_count_listeners(bus->instance->hub, bytes_of(request->channel));
    request_finish(request);
}

/* The texts of one publish, while it is being sent. */
struct publish_words {
    char numbers[9][24];
    size_t number_count;
    char *keys[6];
    size_t key_count;
    struct bytes words[24];
    size_t count;
};

static void add_word(struct publish_words *w, struct bytes word)
{
    w->words[w->count++] = word;
}

static void add_number(struct publish_words *w, uint64_t number)
{
    char *text = w->numbers[w->number_count++];
    int len = snprintf(text, sizeof w->numbers[0], "%" PRIu64, number);
    add_word(w, (struct bytes){text, (size_t)len});
}

static void add_key(struct publish_words *w, char *key)
{
    w->keys[w->key_count++] = key;
    add_word(w, bytes_of(key));
}

/* The key where publish.lua stores the answer; it has no space and no brace
 * before the channel's. */
static char *idempotency_name(const struct redis_bus *bus,
                              const struct request *request)
{
    struct buffer kind = {0};
    buffer_append_text(&kind, "k:");
    if (request->client[0]) { /* keys are per client */
        buffer_append_text(&kind, request->client);
        buffer_append_char(&kind, ' ');
    }
    buffer_append(&kind, is_from_input(request) ? request->id : request->once);
    char *key = redis_key(bus, request->channel, buffer_text(&kind));
    buffer_deinit(&kind);
    return key;
}

static void add_keys(struct publish_words *w, struct redis_bus *bus,
                     const struct request *request)
{
    char last[32];
    snprintf(last, sizeof last, "i:%s", bus->id);
    add_key(w, redis_key(bus, request->channel, "m"));
    add_key(w, redis_key(bus, request->channel, "s"));
    add_key(w, redis_key(bus, request->channel, last));
    if (is_from_input(request) && !bus->cluster)
        add_key(w, redis_name(bus, "in"));
    else if (is_from_input(request) || request->once.len)
        add_key(w, idempotency_name(bus, request));
}

static void add_sender(struct publish_words *w, const struct message *message)
{
    struct buffer sender = {0};
    redis_envelope_append_sender(&sender, message);
    buffer_text(&sender);
    add_key(w, sender.data);
}

/* Few messages show an info: the others are not copied. */
static void add_payload(struct publish_words *w, const struct message *message)
{
    struct buffer payload = {0};
    if (!message->info.len) {
        add_word(w, message->payload);
        return;
    }
    redis_envelope_append_payload(&payload, message);
    w->keys[w->key_count++] = payload.data;
    add_word(w, buffer_bytes(&payload));
}

static void add_message(struct publish_words *w, struct redis_bus *bus,
                        const struct request *request)
{
    const struct channel_options *options = channel_options_find(
        &bus->instance->options->channels, request->channel);
    add_number(w, request->number);
    add_number(w, options->history_size);
    add_number(w, options->history_seconds);
    add_number(w, redis_position_seconds(bus, request->channel));
    add_number(w, (uint64_t)request->message->time_ms);
    add_sender(w, request->message);
    add_payload(w, request->message);
    add_word(w, redis_publish_verb(bus));
}

/* How long Redis stores executed publishes: longer than they are retried. */
static uint32_t answer_seconds(const struct redis_bus *bus)
{
    enum { MARGIN_SECONDS = 60 };
    return bus->options->backlog_seconds + bus->options->timeout_ms / 1000 +
           MARGIN_SECONDS;
}

/* What makes a publish count once: the entry's id, or the key's seconds. */
static void add_once(struct publish_words *w, const struct redis_bus *bus,
                     const struct request *request)
{
    const struct bytes none = {"", 0};
    bool is_entry = is_from_input(request) && !bus->cluster;
    add_word(w, is_entry ? BYTES_LITERAL(REDIS_INPUT_GROUP) : none);
    if (is_entry)
        add_word(w, request->id);
    else if (request->once.len || is_from_input(request))
        add_number(w, IDEMPOTENCY_SECONDS);
    else
        add_word(w, none);
}

void redis_publish(struct redis_bus *bus, struct request *request)
{
    char epoch[EPOCH_LEN + 1];
    struct publish_words w = {0};
    uint64_t before;
    uint32_t open =
        redis_order_begin(bus, request->channel, request->number, &before);
    epoch_encode(epoch_after(0), epoch);
    add_keys(&w, bus, request);
    size_t key_count = w.key_count;
    char *pubsub = redis_key(bus, request->channel, "c");
    add_word(&w, bytes_of(pubsub));
    add_word(&w, bytes_of(epoch));
    add_message(&w, bus, request);
    add_number(&w, before);
    add_number(&w, open);
    add_number(&w, answer_seconds(bus));
    add_once(&w, bus, request);
    add_word(&w, redis_run_of(bus, request->channel));
    redis_call(bus, SCRIPT_PUBLISH, key_count, w.words, w.count, on_published,
               request);
    for (size_t i = 0; i < w.key_count; i++)
        free(w.keys[i]);
    free(pubsub);
}

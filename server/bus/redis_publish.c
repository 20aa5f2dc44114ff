/* Publishing, once and in order.
 *
 * publish.lua remembers the numbers of what it did: a publish whose answer got
 * lost is sent again and answered with what it got then. Each also names the
 * one that was sent before it: when that one failed (Redis was read-only for a
 * moment, a script forgotten), it fails too instead of overtaking it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/random.h"
#include "bus/redis_bus.h"
#include "bus/redis_envelope.h"
#include "bus/redis_push.h"
#include "messaging/epoch.h"
#include "messaging/idempotency.h"

/* A channel's publishes that were sent and are not answered. */
struct redis_order {
    uint64_t last_number;
    uint32_t count;
    UT_hash_handle hh;
    char channel[];
};

static struct redis_order *find_order(struct redis_bus *bus,
                                      const char *channel)
{
    struct redis_order *order;
    HASH_FIND_STR(bus->orders, channel, order);
    return order;
}

static struct redis_order *find_or_add_order(struct redis_bus *bus,
                                             const char *channel)
{
    struct redis_order *order = find_order(bus, channel);
    if (order)
        return order;
    size_t len = strlen(channel);
    order = memory_new(1, sizeof *order + len + 1);
    memcpy(order->channel, channel, len + 1);
    HASH_ADD_KEYPTR(hh, bus->orders, order->channel, len, order);
    return order;
}

static void end_order(struct redis_bus *bus, const char *channel)
{
    struct redis_order *order = find_order(bus, channel);
    if (--order->count)
        return;
    HASH_DEL(bus->orders, order);
    free(order);
}

static void on_published(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    struct redis_bus *bus = request->bus_data;
    end_order(bus, request->channel);
    if (!redis_is_answered(request, reply))
        return;
    if (!redis_push_position(reply, &request->position)) {
        /* an entry of the input that another instance took */
        redis_refuse(bus, request);
        return;
    }
    request->connections = hub_count_listeners(bus->instance->hub,
                                               bytes_of(request->channel));
    request_finish(request);
}

/* The texts of one publish, for as long as it takes to send it. */
struct publish_words {
    char numbers[9][24];
    size_t number_count;
    char *keys[5];
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

static bool is_from_input(const struct request *request)
{
    return request->client[0] == '\0' && request->id.len &&
           !request->is_once;
}

/* Where publish.lua remembers the answer; keys have no blank and no brace
 * before the channel's. */
static char *idempotency_name(const struct redis_bus *bus,
                              const struct request *request)
{
    struct buffer kind = {0};
    buffer_append_text(&kind, "k:");
    buffer_append(&kind, request->id);
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
    if (is_from_input(request))
        add_key(w, redis_name(bus, "in"));
    else if (request->is_once)
        add_key(w, idempotency_name(bus, request));
}

static void add_sender(struct publish_words *w, const struct message *message)
{
    if (!message->trace) {
        add_word(w, message->from);
        return;
    }
    struct buffer sender = {0};
    redis_envelope_append_sender(&sender, message->from,
                                 message_trace(message));
    buffer_text(&sender);
    add_key(w, sender.data);
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
    add_word(w, request->message->payload);
    add_word(w, redis_publish_verb(bus));
}

/* How long Redis knows what it did: longer than it is asked again. */
static uint32_t answer_seconds(const struct redis_bus *bus)
{
    enum { MARGIN_SECONDS = 60 };
    return bus->options->backlog_seconds + bus->options->timeout_ms / 1000 +
           MARGIN_SECONDS;
}

void redis_publish(struct redis_bus *bus, struct request *request)
{
    char epoch[EPOCH_LEN + 1];
    struct publish_words w = {0};
    struct redis_order *order = find_or_add_order(bus, request->channel);
    epoch_encode(random_uint64(), epoch);
    add_keys(&w, bus, request);
    size_t key_count = w.key_count;
    char *pubsub = redis_key(bus, request->channel, "c");
    add_word(&w, bytes_of(pubsub));
    add_word(&w, bytes_of(epoch));
    add_message(&w, bus, request);
    add_number(&w, order->count ? order->last_number : 0);
    add_number(&w, ++order->count);
    add_number(&w, answer_seconds(bus));
    order->last_number = request->number;
    if (is_from_input(request)) {
        add_word(&w, BYTES_LITERAL(REDIS_INPUT_GROUP));
        add_word(&w, request->id);
    } else if (request->is_once) {
        add_word(&w, (struct bytes){"", 0});
        add_number(&w, IDEMPOTENCY_SECONDS);
    }
    redis_call(bus, SCRIPT_PUBLISH, key_count, w.words, w.count, on_published,
               request);
    for (size_t i = 0; i < w.key_count; i++)
        free(w.keys[i]);
    free(pubsub);
}

bool redis_publish_input(struct redis_bus *bus, struct bytes channel,
                         struct bytes payload, struct bytes trace,
                         struct bytes entry)
{
    if (bus->backlog_count >= bus->options->backlog_messages)
        return false;
    struct request *request = request_new(REQUEST_PUBLISH, channel,
                                          (struct bytes){0}, entry);
    request->message = message_new_traced(MESSAGE_PUBLICATION, channel,
                                          (struct bytes){0}, payload, trace);
    redis_serve(bus, request);
    return true;
}

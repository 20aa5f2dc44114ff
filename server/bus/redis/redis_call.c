#include "bus/redis/redis_call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "bus/redis/redis_cluster.h"
#include "bus/redis/redis_envelope.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_send.h"
#include "bus/redis/redis_slots.h"
#include "messaging/store/epoch.h"

void redis_call(struct redis_bus *bus, enum redis_script script,
                size_t key_count, const struct bytes *words, size_t count,
                redis_answer *answer, void *arg)
{
    enum { WORDS_MAX = 32 };
    struct bytes all[WORDS_MAX];
    char keys[8];
    PANIC_IF(count + 3 > WORDS_MAX);
    snprintf(keys, sizeof keys, "%zu", key_count);
    all[0] = BYTES_LITERAL("EVALSHA");
    all[1] = bytes_of(bus->shas[script]);
    all[2] = bytes_of(keys);
    memcpy(all + 3, words, count * sizeof *words);
    redis_send_by_key(bus, words[0], all, count + 3, answer, arg);
}

/* "<time>|<sender>|" of the known message, as its envelope has it, or as much
 * as is known of it. */
static void append_mark(struct buffer *out, const struct redis_known *known)
{
    const struct message *message = known->last;
    int64_t time_ms = message ? message->time_ms : known->last_ms;
    if (!time_ms)
        return;
    buffer_append_uint(out, (uint64_t)time_ms);
    buffer_append_char(out, '|');
    if (!message)
        return;
    redis_envelope_append_sender(out, message);
    buffer_append_char(out, '|');
}

void redis_read(struct redis_bus *bus, const char *channel, const char *which,
                uint64_t number, uint32_t bytes,
                const struct redis_known *known, redis_answer *answer,
                void *arg)
{
    char new_epoch[EPOCH_LEN + 1];
    char seconds[16];
    char number_text[24];
    char bytes_text[16];
    char known_epoch[EPOCH_LEN + 1] = "";
    char known_offset[24] = "";
    struct buffer mark = {0};
    epoch_encode(epoch_after(known ? known->position.epoch : 0), new_epoch);
    snprintf(seconds, sizeof seconds, "%" PRIu32,
             redis_position_seconds(bus, channel));
    snprintf(number_text, sizeof number_text, "%" PRIu64, number);
    snprintf(bytes_text, sizeof bytes_text, "%" PRIu32, bytes);
    if (known) {
        epoch_encode(known->position.epoch, known_epoch);
        snprintf(known_offset, sizeof known_offset, "%" PRIu64,
                 known->position.offset);
    }
    if (known)
        append_mark(&mark, known);
    char *position = redis_key(bus, channel, "m");
    char *stream = redis_key(bus, channel, "s");
    const struct bytes words[] = {
        bytes_of(position),    bytes_of(stream),          bytes_of(new_epoch),
        bytes_of(seconds),     bytes_of(which),           bytes_of(number_text),
        bytes_of(known_epoch), bytes_of(known_offset),    buffer_bytes(&mark),
        bytes_of(bytes_text),  redis_run_of(bus, channel)};
    redis_call(bus, SCRIPT_READ, 2, words, 11, answer, arg);
    free(position);
    free(stream);
    buffer_deinit(&mark);
}

bool redis_read_tip(const struct redisReply *reply, struct redis_tip *tip)
{
    return redis_push_position(reply, &tip->position) &&
           redis_push_number(redis_push_element(reply, 3), &tip->time_ms) &&
           redis_push_number(redis_push_element(reply, 4), &tip->lost_ms);
}

uint32_t redis_page_bytes(enum request_page page)
{
    static const uint32_t bytes[] = {
        [REQUEST_ALL] = 0,
        [REQUEST_NO_PAGE] = 1,
        [REQUEST_SMALL] = REQUEST_SMALL_BYTES,
        [REQUEST_PAGE] = REQUEST_PAGE_BYTES,
    };
    return bytes[page];
}

struct bytes redis_publish_verb(const struct redis_bus *bus)
{
    static const struct bytes sharded = BYTES_LITERAL("SPUBLISH");
    static const struct bytes plain = BYTES_LITERAL("PUBLISH");
    return redis_is_sharded(bus) ? sharded : plain;
}

struct bytes redis_run_of(const struct redis_bus *bus, const char *channel)
{
    const struct channel_options *options =
        channel_options_find(&bus->instance->options->channels, channel);
    if (options->history_size)
        return (struct bytes){"", 0};
    if (!bus->cluster)
        return bytes_of(redis_link_server(bus->commands)->run_id);
    char *key = redis_key(bus, channel, "m");
    const struct redis_link *link =
        redis_cluster_commands(bus->cluster, redis_slot_of(bytes_of(key)));
    free(key);
    return link ? bytes_of(redis_link_server(link)->run_id)
                : (struct bytes){"", 0};
}

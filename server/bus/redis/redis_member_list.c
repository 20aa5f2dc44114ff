#include "bus/redis/redis_member_list.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "bus/redis/redis_channel_table.h"
#include "bus/redis/redis_client_name.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_leavers.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_roster.h"
#include "bus/redis/redis_send.h"
#include "messaging/info.h"
#include "messaging/names.h"

/* One question under way. */
struct reading {
    struct redis_channel *channel; /* NULL: nobody here subscribes to it */
    uint32_t mark;
    redis_member_list_done *done;
    void *arg;
};

/* One client on one instance, as the hash has it. */
struct listed_member {
    char client[CLIENT_ID_MAX + 1];
    uint32_t connections; /* 0: it left, and may be back */
    struct bytes info;
};

/* The value of a field that begins with an instance's id: a number, and maybe a
 * bar and the info. */
static bool read_value(struct bytes field, struct bytes value,
                       struct listed_member *member)
{
    uint64_t number;
    const char *bar = value.len ? memchr(value.data, '|', value.len) : NULL;
    size_t len = bar ? (size_t)(bar - value.data) : value.len;
    member->info = bytes_skip(value, bar ? len + 1 : len);
    if (!json_decode_uint((struct bytes){value.data, len}, &number) ||
        (member->info.len && !info_is_valid(member->info)))
        return false;
    if (bytes_start_with(field, BYTES_LITERAL(REDIS_LEAVERS_ID "|")))
        number = 0;
    member->connections = (uint32_t)number;
    return number <= UINT32_MAX;
}

/* Fields are <instance>|<client>: summed up by client. */
static bool read_member(const struct redisReply *reply, size_t index,
                        struct listed_member *member)
{
    struct bytes field;
    struct bytes value;
    if (!redis_push_bytes(redis_push_element(reply, index), &field) ||
        !redis_push_bytes(redis_push_element(reply, index + 1), &value) ||
        field.len <= REDIS_ID_LEN + 1 || field.data[REDIS_ID_LEN] != '|' ||
        !read_value(field, value, member))
        return false;
    return redis_client_name_read(bytes_skip(field, REDIS_ID_LEN + 1),
                                  member->client);
}

static void gather(const struct redisReply *reply, struct members *list)
{
    for (size_t i = 0; i + 1 < redis_push_count(reply); i += 2) {
        struct listed_member member;
        if (read_member(reply, i, &member))
            members_add_many(list, member.client, member.connections,
                             member.info);
    }
}

static void on_list(void *arg, const struct redisReply *reply)
{
    struct reading *reading = arg;
    struct members list = {0};
    bool is_good = reply && !redis_push_error(reply);
    gather(reply, &list);
    if (reading->channel)
        redis_roster_end_reading(reading->channel, reading->mark,
                                 is_good ? &list : NULL);
    if (reading->done)
        reading->done(reading->arg, reply, &list);
    members_clear(&list);
    free(reading);
}

void redis_member_list_read(struct redis_bus *bus, const char *channel,
                            redis_member_list_done *done, void *arg)
{
    struct reading *reading = memory_new(1, sizeof *reading);
    char *key = redis_key(bus, channel, "p");
    const struct bytes words[] = {BYTES_LITERAL("HGETALL"), bytes_of(key)};
    *reading = (struct reading){redis_channel_find(bus, channel), 0, done, arg};
    if (reading->channel)
        reading->mark = redis_roster_begin_reading(reading->channel);
    redis_send(bus, words, 2, on_list, reading);
    free(key);
}

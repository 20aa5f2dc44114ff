#include "bus/redis/redis_push.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <hiredis/hiredis.h>

#include "bus/redis/redis_slots.h"
#include "messaging/store/epoch.h"

bool redis_push_bytes(const struct redisReply *reply, struct bytes *bytes)
{
    if (!reply || (reply->type != REDIS_REPLY_STRING &&
                   reply->type != REDIS_REPLY_STATUS))
        return false;
    *bytes = (struct bytes){reply->str, (size_t)reply->len};
    return true;
}

const char *redis_push_text(const struct redisReply *reply)
{
    struct bytes bytes;
    return redis_push_bytes(reply, &bytes) ? bytes.data : NULL;
}

const char *redis_push_error(const struct redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ERROR ? reply->str : NULL;
}

const struct redisReply *redis_push_not_sent(void)
{
    static char text[] = "TRYAGAIN no node has the slot now";
    static const redisReply reply = {
        .type = REDIS_REPLY_ERROR, .str = text, .len = sizeof text - 1};
    return &reply;
}

bool redis_push_is_redirection(const struct redisReply *reply)
{
    static const char *const words[] = {"MOVED ", "ASK ", "TRYAGAIN",
                                        "CLUSTERDOWN"};
    const char *error = redis_push_error(reply);
    for (size_t i = 0; error && i < sizeof words / sizeof *words; i++)
        if (strncmp(error, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

bool redis_push_redirection(const char *error,
                            struct redis_redirection *redirection)
{
    unsigned slot;
    unsigned port;
    char *host = redirection->host;
    const char *colon = strrchr(error, ':');
    if (sscanf(error, "%*s %u %255[^ ]", &slot, host) != 2 || !colon ||
        slot >= REDIS_SLOTS || sscanf(colon + 1, "%u", &port) != 1 || !port ||
        port > UINT16_MAX || !strrchr(host, ':'))
        return false;
    *strrchr(host, ':') = '\0';
    redirection->slot = (uint16_t)slot;
    redirection->port = (uint16_t)port;
    return true;
}

bool redis_push_number(const struct redisReply *reply, int64_t *number)
{
    if (!reply || reply->type != REDIS_REPLY_INTEGER)
        return false;
    *number = reply->integer;
    return true;
}

static bool read_uint16(const struct redisReply *reply, uint16_t *number)
{
    int64_t found;
    if (!redis_push_number(reply, &found) || found < 0 || found > UINT16_MAX)
        return false;
    *number = (uint16_t)found;
    return true;
}

/* [first, last, [host, port, id], replicas...] */
bool redis_push_range(const struct redisReply *reply, struct redis_range *range)
{
    const struct redisReply *master = redis_push_element(reply, 2);
    if (!read_uint16(redis_push_element(reply, 0), &range->first) ||
        !read_uint16(redis_push_element(reply, 1), &range->last) ||
        !read_uint16(redis_push_element(master, 1), &range->port) ||
        range->first > range->last || range->last >= REDIS_SLOTS ||
        !range->port)
        return false;
    if (!redis_push_bytes(redis_push_element(master, 0), &range->host))
        range->host = (struct bytes){0};
    range->replicas = (uint32_t)redis_push_count(reply) - 3;
    return true;
}

size_t redis_push_count(const struct redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

const struct redisReply *redis_push_element(const struct redisReply *reply,
                                            size_t index)
{
    return index < redis_push_count(reply) ? reply->element[index] : NULL;
}

bool redis_push_position(const struct redisReply *reply,
                         struct position *position)
{
    struct bytes epoch;
    int64_t offset;
    if (!redis_push_bytes(redis_push_element(reply, 0), &epoch) ||
        !redis_push_number(redis_push_element(reply, 1), &offset) || offset < 0)
        return false;
    position->offset = (uint64_t)offset;
    return epoch_decode(epoch, &position->epoch);
}

/* The first words of pub/sub pushes in RESP2. */
bool redis_push_is_one(const struct redisReply *reply)
{
    static const char *const words[] = {
        "message",     "smessage",     "pmessage",
        "subscribe",   "ssubscribe",   "psubscribe",
        "unsubscribe", "sunsubscribe", "punsubscribe"};
    const char *word = redis_push_text(redis_push_element(reply, 0));
    if (!word || redis_push_count(reply) < 3)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(words[i], word) == 0)
            return true;
    return false;
}

static enum push_kind kind_of(const char *word)
{
    static const struct {
        const char *word;
        enum push_kind kind;
    } kinds[] = {
        {"message", PUSH_MESSAGE},       {"smessage", PUSH_MESSAGE},
        {"pmessage", PUSH_PATTERN},      {"subscribe", PUSH_SUBSCRIBED},
        {"ssubscribe", PUSH_SUBSCRIBED}, {"sunsubscribe", PUSH_UNSUBSCRIBED},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcasecmp(kinds[i].word, word) == 0)
            return kinds[i].kind;
    return PUSH_OTHER;
}

bool redis_push_read(const struct redisReply *reply, struct redis_push *push)
{
    const char *word = redis_push_text(redis_push_element(reply, 0));
    if (!word)
        return false;
    push->kind = kind_of(word);
    push->text = (struct bytes){0};
    size_t channel = push->kind == PUSH_PATTERN ? 2 : 1;
    if (!redis_push_bytes(redis_push_element(reply, channel), &push->channel))
        return false;
    return push->kind == PUSH_SUBSCRIBED || push->kind == PUSH_UNSUBSCRIBED ||
           push->kind == PUSH_OTHER ||
           redis_push_bytes(redis_push_element(reply, channel + 1),
                            &push->text);
}

bool redis_push_has_error(const struct redisReply *reply, const char *text)
{
    const char *error = redis_push_error(reply);
    return error && strstr(error, text);
}

bool redis_push_is_login_error(const struct redisReply *reply)
{
    return redis_push_has_error(reply, "WRONGPASS");
}

bool redis_is_passing_error(const struct redisReply *reply)
{
    static const char *const passing[] = {
        "NOSCRIPT",   "READONLY",    "LOADING",   "MISCONF",
        "OOM",        "BUSY",        "TRYAGAIN",  "NOAUTH",
        "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS"};
    const char *error = redis_push_error(reply);
    for (size_t i = 0; error && i < sizeof passing / sizeof *passing; i++)
        if (strstr(error, passing[i]))
            return true;
    return false;
}

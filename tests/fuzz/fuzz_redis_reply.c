/* Bytes of a hostile Redis: read by hiredis, and then by all our code that
 * reads replies. */
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "bus/redis/redis_envelope.h"
#include "bus/redis/redis_push.h"
#include "fuzz.h"

static volatile size_t sum; /* prevents the compiler from removing reads */

static void touch(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        sum += (unsigned char)bytes.data[i];
}

static void look_at(const struct redisReply *reply)
{
    struct redis_push push;
    struct position position;
    struct envelope envelope;
    struct redis_redirection redirection;
    struct redis_range range;
    struct bytes bytes;
    int64_t number;
    if (redis_push_read(reply, &push)) {
        touch(push.channel);
        touch(push.text);
        redis_envelope_decode(push.text, &envelope);
    }
    if (redis_push_bytes(reply, &bytes))
        redis_envelope_decode(bytes, &envelope);
    if (redis_push_text(reply))
        touch(bytes_of(redis_push_text(reply)));
    if (redis_push_error(reply))
        touch(bytes_of(redis_push_error(reply)));
    if (redis_push_error(reply) &&
        redis_push_redirection(redis_push_error(reply), &redirection))
        touch(bytes_of(redirection.host));
    if (redis_push_range(reply, &range))
        touch(range.host);
    sum += redis_push_number(reply, &number);
    sum += redis_push_position(reply, &position);
    for (size_t i = 0; i < redis_push_count(reply); i++)
        look_at(redis_push_element(reply, i));
}

/* hiredis allocates as many elements as announced, which is its own weakness
 * (redis_link.c limits it where hiredis allows it). */
static bool promises_too_much(const uint8_t *data, size_t size)
{
    size_t digits = 0;
    for (size_t i = 0; i < size; i++) {
        digits = data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
        if (digits > 5)
            return memchr(data, '*', size) != NULL;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (promises_too_much(data, size))
        return 0;
    redisReader *reader = redisReaderCreate();
    if (!reader)
        return 0;
    /* in two pieces, as a socket might deliver them */
    redisReaderFeed(reader, (const char *)data, size / 2);
    for (int part = 0; part < 2; part++) {
        void *reply = NULL;
        while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply) {
            look_at(reply);
            freeReplyObject(reply);
            reply = NULL;
        }
        if (reader->err)
            break;
        redisReaderFeed(reader, (const char *)data + size / 2,
                        part ? 0 : size - size / 2);
    }
    redisReaderFree(reader);
    return 0;
}

#include "messaging/replies.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void replies_deinit(struct replies *replies)
{
    PANIC_IF(replies->count);
    free(replies->data);
}

bool replies_have_room(const struct replies *replies, size_t len)
{
    return replies->count < REPLIES_CONNECTIONS &&
           replies->len + len <= REPLIES_BYTES;
}

static struct reply *last_of(struct replies *replies,
                             const struct connection *connection)
{
    struct reply *last =
        replies->count ? &replies->list[replies->count - 1] : NULL;
    return last && last->connection == connection ? last : NULL;
}

void replies_add(struct replies *replies, struct connection *connection,
                 struct bytes frame)
{
    if (!replies->data)
        replies->data = memory_new(1, REPLIES_BYTES);
    struct reply *reply = last_of(replies, connection);
    if (!reply) {
        reply = &replies->list[replies->count++];
        *reply = (struct reply){connection, replies->len, 0, 0};
    }
    memcpy(replies->data + replies->len, frame.data, frame.len);
    replies->len += (uint32_t)frame.len;
    reply->len += (uint32_t)frame.len;
    reply->count++;
}

uint32_t replies_forget(struct replies *replies,
                        const struct connection *connection)
{
    uint32_t forgotten = 0;
    for (uint32_t i = 0; i < replies->count; i++) {
        struct reply *reply = &replies->list[i];
        if (reply->connection != connection)
            continue;
        reply->connection = NULL;
        forgotten += reply->count;
    }
    return forgotten;
}

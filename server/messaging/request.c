#include "messaging/request.h"

#include <stdlib.h>

#include "base/memory.h"
#include "messaging/worker.h"

static const char *put(char **at, struct bytes text)
{
    char *start = *at;
    if (text.len)
        memcpy(start, text.data, text.len);
    start[text.len] = '\0';
    *at += text.len + 1;
    return start;
}

struct request *request_new(enum request_kind kind, struct bytes channel,
                            struct bytes client, struct bytes id)
{
    size_t len = channel.len + client.len + id.len + 3;
    struct request *request = memory_new(1, sizeof *request + len);
    request->kind = kind;
    char *at = request->text;
    request->channel = put(&at, channel);
    request->client = put(&at, client);
    request->id = (struct bytes){put(&at, id), id.len};
    return request;
}

struct request *request_new_disconnect(struct bytes client,
                                       struct bytes reason)
{
    struct request *request = request_new(
        REQUEST_DISCONNECT, (struct bytes){0}, client, reason);
    request->reason = request->id;
    request->id.len = 0;
    return request;
}

struct request *request_new_remove(struct bytes client, struct bytes channel)
{
    return request_new(REQUEST_REMOVE, channel, client, (struct bytes){0});
}

void request_free(struct request *request)
{
    message_unref(request->message);
    for (size_t i = 0; i < request->message_count; i++)
        message_unref(request->messages[i]);
    for (size_t i = 0; i < request->member_count; i++)
        free(request->members[i].client);
    for (size_t i = 0; i < request->name_count; i++)
        free(request->names[i]);
    free(request->messages);
    free(request->members);
    free(request->names);
    free(request->ticket);
    free(request->why);
    free(request);
}

static void run_done(void *subject, void *object)
{
    struct request *request = object;
    request->done(subject, request);
    request_free(request);
}

void request_finish(struct request *request)
{
    if (!request->done) {
        request_free(request);
        return;
    }
    inbox_post(&request->worker->inbox,
               (struct inbox_item){run_done, request->worker, request});
}

/* Room is doubled when the count is a power of two: no capacity is kept. */
static void *grow(void *array, size_t count, size_t size)
{
    bool is_full = (count & (count - 1)) == 0;
    return is_full ? memory_resize(array, count ? count * 2 : 1, size) : array;
}

void request_add_message(struct request *request, struct message *message)
{
    request->messages = grow(request->messages, request->message_count,
                             sizeof *request->messages);
    request->messages[request->message_count++] = message_ref(message);
}

void request_add_member(struct request *request, const char *client,
                        uint32_t connections)
{
    request->members = grow(request->members, request->member_count,
                            sizeof *request->members);
    request->members[request->member_count++] = (struct member_count){
        memory_copy_text(client, strlen(client)), connections};
}

void request_add_name(struct request *request, struct bytes name)
{
    request->names =
        grow(request->names, request->name_count, sizeof *request->names);
    request->names[request->name_count++] =
        memory_copy_text(name.data, name.len);
}

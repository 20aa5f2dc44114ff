#include "messaging/request.h"

#include <stdlib.h>

#include "base/memory.h"
#include "messaging/names.h"
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

static struct request *new_with(enum request_kind kind, struct bytes channel,
                                struct bytes client, struct bytes id,
                                struct bytes info)
{
    size_t len = channel.len + client.len + id.len + info.len + 4;
    struct request *request = memory_new(1, sizeof *request + len);
    request->kind = kind;
    char *at = request->text;
    request->channel = put(&at, channel);
    request->client = put(&at, client);
    request->id = (struct bytes){put(&at, id), id.len};
    request->info = (struct bytes){put(&at, info), info.len};
    request->limit = kind == REQUEST_PRESENCE ? UINT32_MAX : 0;
    return request;
}

struct request *request_new(enum request_kind kind, struct bytes channel,
                            struct bytes client, struct bytes id)
{
    return new_with(kind, channel, client, id, (struct bytes){0});
}

struct request *request_new_subscribe(struct bytes channel, struct bytes client,
                                      struct bytes info, struct bytes id)
{
    return new_with(REQUEST_SUBSCRIBE, channel, client, id, info);
}

struct request *request_new_publish(struct bytes channel, struct bytes client,
                                    struct bytes once, struct bytes id)
{
    struct request *request =
        new_with(REQUEST_PUBLISH, channel, client, id, once);
    request->once = request->info;
    request->info.len = 0;
    return request;
}

/* The third text is the reason. */
static struct request *with_reason(struct request *request)
{
    request->reason = request->id;
    request->id.len = 0;
    return request;
}

struct request *request_new_disconnect(struct bytes client, struct bytes reason)
{
    return with_reason(
        request_new(REQUEST_DISCONNECT, (struct bytes){0}, client, reason));
}

struct request *request_new_eviction(struct bytes target, struct bytes reason)
{
    return with_reason(
        request_new(REQUEST_DISCONNECT, target, (struct bytes){0}, reason));
}

struct request *request_new_ban(struct bytes target, int64_t until_ms,
                                struct bytes reason)
{
    struct request *request = with_reason(
        request_new(REQUEST_BAN, target, (struct bytes){0}, reason));
    request->until_ms = until_ms;
    return request;
}

struct request *request_new_unban(struct bytes target)
{
    return request_new(REQUEST_UNBAN, target, (struct bytes){0},
                       (struct bytes){0});
}

struct request *request_new_remove(struct bytes client, struct bytes channel)
{
    return request_new(REQUEST_REMOVE, channel, client, (struct bytes){0});
}

struct request *request_new_survey(enum survey_kind kind, struct bytes client,
                                   struct bytes about)
{
    struct request *request =
        request_new(REQUEST_SURVEY, about, client, (struct bytes){0});
    request->survey = kind;
    return request;
}

void request_free(struct request *request)
{
    message_unref(request->message);
    for (size_t i = 0; i < request->message_count; i++)
        message_unref(request->messages[i]);
    for (size_t i = 0; i < request->member_count; i++) {
        free(request->members[i].client);
        free(request->members[i].info);
    }
    for (size_t i = 0; i < request->name_count; i++)
        free(request->names[i]);
    free(request->messages);
    free(request->members);
    free(request->names);
    free(request->ticket);
    free(request->why);
    free(request);
}

static uint64_t next_until(const struct request *request)
{
    if (request->kind == REQUEST_PRESENCE)
        return request->page_end;
    return request->is_continued ? request->until : request->position.offset;
}

struct request *request_next_page(const struct request *request)
{
    struct request *next =
        request_new(request->kind, bytes_of(request->channel),
                    bytes_of(request->client), request->id);
    next->done = request->done;
    next->worker = request->worker;
    next->connection = request->connection;
    next->call = request->call;
    next->part = request->part;
    next->write_answer = request->write_answer;
    next->page = REQUEST_PAGE;
    next->is_continued = true;
    next->since = (struct position){request->position.epoch, request->page_end};
    next->until = next_until(request);
    if (request->kind == REQUEST_PRESENCE)
        next->limit = request->limit - (uint32_t)request->member_count;
    if (request->kind == REQUEST_SUBSCRIBE ||
        request->kind == REQUEST_RECOVER) {
        next->kind = REQUEST_RECOVER;
        next->recover = true;
    }
    return next;
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

/* Capacity doubles when the count is a power of two, so it is not stored. */
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
    request->message_bytes += message_size(message);
}

bool request_has_room(const struct request *request,
                      const struct message *message)
{
    switch (request->page) {
    case REQUEST_NO_PAGE:
        return false;
    case REQUEST_SMALL:
        return request->message_bytes + message_size(message) <=
               REQUEST_SMALL_BYTES;
    case REQUEST_PAGE:
        return request->message_bytes < REQUEST_PAGE_BYTES;
    case REQUEST_ALL:
        break;
    }
    return true;
}

void request_add_member(struct request *request, const char *client,
                        uint32_t connections, struct bytes info)
{
    request->members =
        grow(request->members, request->member_count, sizeof *request->members);
    request->members[request->member_count++] = (struct member_count){
        .client = memory_copy_text(client, strlen(client)),
        .info = info.len ? memory_copy_text(info.data, info.len) : NULL,
        .connections = connections};
}

void request_add_name(struct request *request, struct bytes name)
{
    if (request->kind == REQUEST_CHANNELS && request->reach &&
        !name_matches_any(request->reach, name))
        return;
    request->names =
        grow(request->names, request->name_count, sizeof *request->names);
    request->names[request->name_count++] =
        memory_copy_text(name.data, name.len);
}

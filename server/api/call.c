#include "api/call.h"

#include <stdlib.h>

#include "api/api_counts.h"
#include "api/api_key_counts.h"
#include "api/call_audit.h"
#include "api/contributed.h"
#include "base/memory.h"
#include "messaging/bus.h"

const char *const field_names[FIELD_COUNT] = {
    [FIELD_COMMAND] = "command",
    [FIELD_CHANNEL] = "channel",
    [FIELD_CHANNELS] = "channels",
    [FIELD_CLIENT] = "client",
    [FIELD_COMMANDS] = "commands",
    [FIELD_IDEMPOTENCY_KEY] = "idempotency_key",
    [FIELD_LIMIT] = "limit",
    [FIELD_PAYLOAD] = "payload",
    [FIELD_REASON] = "reason",
    [FIELD_CAPS] = "caps",
    [FIELD_TTL] = "ttl",
    [FIELD_TRACE] = "traceparent",
    [FIELD_ADDRESS] = "address",
    [FIELD_EVENT] = "event",
    [FIELD_INFO] = "info",
    [FIELD_SENDER] = "sender",
    [FIELD_CONNECTIONS] = "connections",
    [FIELD_MEMBERS] = "members",
};

void call_count_waiting(struct api_call *call, int64_t more)
{
    call->counted += (size_t)more;
    metrics_add(&call->worker->metrics, METRIC_WAITING_BYTES, more);
}

void call_destroy(struct api_call *call)
{
    for (uint32_t i = 0; i < call->part_count; i++) {
        buffer_deinit(&call->parts[i].text);
        free(call->parts[i].audit);
    }
    free(call->parts);
    if (call->more)
        request_free(call->more);
    call_count_waiting(call, -(int64_t)call->counted);
    if (call->task && call->body.data) /* there may be passwords */
        explicit_bzero(call->body.data, call->body.capacity);
    buffer_deinit(&call->body);
    buffer_deinit(&call->headers);
    if (call->task)
        call->task->free(call->task);
    api_keys_unref(call->keys);
    free(call->kept);
    free(call);
}

static void append_part(struct buffer *out, struct call_part *part)
{
    struct bytes text = buffer_bytes(&part->text);
    if (part->status != 200) {
        buffer_append_format(out, "{\"status\":%d,", part->status);
        text = bytes_skip(text, 1);
    }
    buffer_append(out, text);
}

/* A single command's answer is the response; several form a list. */
static void write_answer(struct api_call *call, struct api_response *response)
{
    if (!call->is_list) {
        response->status = call->parts[0].status;
        response->text = call->parts[0].text;
        call->parts[0].text = (struct buffer){0};
    } else {
        response->status = 200;
        buffer_append_text(&response->text, "{\"results\":[");
        for (uint32_t i = 0; i < call->part_count; i++) {
            buffer_append_text(&response->text, i ? "," : "");
            append_part(&response->text, &call->parts[i]);
        }
        buffer_append_text(&response->text, "]}");
    }
    response->content_type =
        response->status == 204 ? NULL : "application/json";
    response->body = buffer_bytes(&response->text);
    if (call->kept)
        contributed_answer(call->kept, response);
}

static void write_audit(struct api_call *call)
{
    for (uint32_t i = 0; i < call->part_count; i++) {
        call_audit_write(call->parts[i].audit, call->parts[i].status);
        call->parts[i].audit = NULL;
    }
}

static void count(struct api_call *call, struct api_response *response)
{
    api_counts_finish(call->counts, call->route, response);
    if (call->key)
        api_key_counts_add(api_key_counts(call->key), response->status);
}

void call_settle(struct api_call *call)
{
    if (--call->pending)
        return;
    write_audit(call);
    if (call->is_abandoned) {
        call_destroy(call);
        return;
    }
    struct api_response response = {.is_continued = call->is_continued,
                                    .has_more = call->more};
    write_answer(call, &response);
    buffer_append(&response.headers, buffer_bytes(&call->headers));
    if (!call->is_continued)
        count(call, &response);
    call->is_continued = call->more;
    call->done(call->arg, &response);
    api_response_deinit(&response);
}

void call_refuse(struct api_call *call, uint32_t part, int status,
                 const char *field, const char *error)
{
    struct buffer *text = &call->parts[part].text;
    call->parts[part].status = status;
    buffer_append_text(text, "{\"error\":");
    buffer_append_json_string(text, bytes_of(error));
    if (field) {
        buffer_append_text(text, ",\"field\":");
        buffer_append_json_string(text, bytes_of(field));
    }
    buffer_append_char(text, '}');
}

/* Its answer may be long. */
static bool is_question(const struct request *request)
{
    return request->kind == REQUEST_HISTORY ||
           request->kind == REQUEST_PRESENCE ||
           request->kind == REQUEST_CHANNELS || request->kind == REQUEST_SURVEY;
}

static void refuse_long(struct api_call *call, uint32_t part)
{
    buffer_deinit(&call->parts[part].text);
    call_refuse(call, part, 503, NULL,
                "the result is too long for a batch; send this command alone");
}

void call_weigh(struct api_call *call, uint32_t part, size_t before)
{
    int64_t grown = (int64_t)call->parts[part].text.len - (int64_t)before;
    if (grown > 0 && call->listed + (uint64_t)grown > CALL_LIST_BYTES) {
        call->is_full = true;
        refuse_long(call, part);
        grown = (int64_t)call->parts[part].text.len - (int64_t)before;
    }
    call->listed += (size_t)grown;
    call_count_waiting(call, grown);
}

/* For a single part, the next page is requested after this one is sent. */
static void turn_page(struct api_call *call, const struct request *request)
{
    struct request *next = request_next_page(request);
    if (!call->is_list) {
        call->more = next;
        return;
    }
    call->pending++;
    call->is_asking = true;
    bus_submit(call->worker->instance->bus, next);
}

static void write_part(struct api_call *call, const struct request *request)
{
    struct call_part *part = &call->parts[request->part];
    size_t before = part->text.len;
    part->status = 200;
    request->write_answer(request, &part->text);
    if (call->is_list && is_question(request))
        call_weigh(call, request->part, before);
    if (request->has_more && part->status == 200)
        turn_page(call, request);
}

static void on_answer(struct worker *worker, struct request *request)
{
    struct api_call *call = request->call;
    if (request->fault == FAULT_TOO_MANY_CHANNELS)
        metrics_add(&worker->metrics, METRIC_LIMIT_CHANNELS, 1);
    if (request->is_continued)
        request->fault = FAULT_NONE; /* what has begun ends here */
    if (is_question(request))
        call->is_asking = false;
    if (request->fault == FAULT_NONE)
        write_part(call, request);
    else
        call_refuse(call, request->part, fault_info(request->fault)->status,
                    NULL, fault_info(request->fault)->text);
    if (call->go_on)
        call->go_on(call);
    call_settle(call);
}

void call_ask(struct api_call *call, uint32_t part, struct request *request,
              void (*write)(const struct request *request, struct buffer *out))
{
    if (call->is_full && is_question(request)) {
        request_free(request);
        refuse_long(call, part);
        return;
    }
    call->pending++;
    call->is_asking |= is_question(request);
    request->done = on_answer;
    request->worker = call->worker;
    request->call = call;
    request->part = part;
    request->write_answer = write;
    request->page = REQUEST_PAGE;
    bus_submit(call->worker->instance->bus, request);
}

const char *call_key_name(const struct api_call *call)
{
    if (call->key)
        return api_key_name(call->key);
    return call->kept ? contributed_route(call->kept) : "none";
}

void call_add_part(struct api_call *call)
{
    call->is_list = false;
    call->parts = memory_new(1, sizeof *call->parts);
    call->part_count = 1;
}

const struct text_list *call_channels(const struct api_call *call)
{
    return call->key ? api_key_channels(call->key) : NULL;
}

const struct text_list *call_clients(const struct api_call *call)
{
    return call->key ? api_key_clients(call->key) : NULL;
}

void call_keep_trace(struct api_call *call, struct bytes header)
{
    struct bytes trace = trace_read(header);
    call->trace_len = (uint8_t)trace.len;
    if (trace.len)
        memcpy(call->trace, trace.data, trace.len);
}

struct bytes call_trace(const struct api_call *call,
                        const struct json_slot *slots)
{
    struct bytes own = trace_read_json(slots[FIELD_TRACE].raw);
    return own.len ? own : (struct bytes){call->trace, call->trace_len};
}

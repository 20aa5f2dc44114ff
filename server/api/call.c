#include "api/call.h"

#include <stdlib.h>

#include "api/command.h"
#include "base/memory.h"

const char *const field_names[FIELD_COUNT] = {
    [FIELD_COMMAND] = "command",   [FIELD_CHANNEL] = "channel",
    [FIELD_CHANNELS] = "channels", [FIELD_CLIENT] = "client",
    [FIELD_COMMANDS] = "commands", [FIELD_IDEMPOTENCY_KEY] = "idempotency_key",
    [FIELD_LIMIT] = "limit",       [FIELD_PAYLOAD] = "payload",
    [FIELD_REASON] = "reason",     [FIELD_CAPS] = "caps",
    [FIELD_TTL] = "ttl",           [FIELD_TRACE] = "traceparent",
};

static void destroy(struct api_call *call)
{
    for (uint32_t i = 0; i < call->part_count; i++)
        buffer_deinit(&call->parts[i].text);
    free(call->parts);
    buffer_deinit(&call->body);
    api_keys_unref(call->keys);
    free(call);
}

void api_call_free(struct api_call *call)
{
    if (!call)
        return;
    call->is_abandoned = true;
    if (!call->pending)
        destroy(call);
}

bool api_call_add(struct api_call *call, struct bytes piece)
{
    if (call->body.len + piece.len > call->body_len)
        return false;
    buffer_append(&call->body, piece);
    return true;
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

/* One command's answer is the whole answer; of several it is a list. */
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
    response->content_type = "application/json";
    response->body = buffer_bytes(&response->text);
}

/* One part less to wait for; after the last one the call may be gone. */
static void settle(struct api_call *call)
{
    if (--call->pending)
        return;
    if (call->is_abandoned) {
        destroy(call);
        return;
    }
    struct api_response response = {0};
    write_answer(call, &response);
    api_finish(call->api, call->route, &response);
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

static int status_of(enum fault fault)
{
    switch (fault) {
    case FAULT_NO_HISTORY:
    case FAULT_NO_PRESENCE:
        return 404;
    case FAULT_TOO_MANY_CHANNELS:
    case FAULT_UNAVAILABLE:
        return 503;
    default:
        return 400;
    }
}

static void on_answer(struct worker *worker, struct request *request)
{
    struct api_call *call = request->call;
    struct call_part *part = &call->parts[request->part];
    if (request->fault == FAULT_TOO_MANY_CHANNELS)
        metrics_add(&worker->metrics, METRIC_LIMIT_CHANNELS, 1);
    if (request->fault == FAULT_NONE) {
        part->status = 200;
        request->write_answer(request, &part->text);
    } else {
        call_refuse(call, request->part, status_of(request->fault), NULL,
                    fault_info(request->fault)->text);
    }
    settle(call);
}

void call_ask(struct api_call *call, uint32_t part, struct request *request,
              void (*write)(const struct request *request, struct buffer *out))
{
    call->pending++;
    request->done = on_answer;
    request->worker = call->worker;
    request->call = call;
    request->part = part;
    request->write_answer = write;
    bus_submit(call->worker->instance->bus, request);
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

static void settle_here(void *subject, void *object)
{
    (void)object;
    settle(subject);
}

static void add_parts(struct api_call *call, uint32_t count)
{
    call->parts = memory_new(count, sizeof *call->parts);
    call->part_count = count;
}

static void refuse_whole(struct api_call *call, int status, const char *field,
                         const char *error)
{
    call->is_list = false;
    add_parts(call, 1);
    call_refuse(call, 0, status, field, error);
}

static bool scan(struct bytes text, struct json_slot slots[FIELD_COUNT],
                 const char **why)
{
    for (int i = 0; i < FIELD_COUNT; i++)
        slots[i] = (struct json_slot){.name = field_names[i]};
    return json_scan_object(text, slots, FIELD_COUNT, why);
}

/* How many elements the list has, or 0 and a refusal. */
static uint32_t count_elements(struct api_call *call, enum field field,
                               struct bytes list)
{
    uint32_t max = api_batch_commands(call->api);
    uint32_t count = 0;
    struct bytes element;
    struct bytes rest = list;
    bool is_list = list.len && list.data[0] == '[';
    while (is_list && count <= max && json_next_element(&rest, &element))
        count++;
    if (is_list && count && count <= max)
        return count;
    struct error error;
    error_set(&error, "%s must be a list of 1 to %u (limits.batch_commands)",
              field_names[field], max);
    refuse_whole(call, is_list && count ? 413 : 400, field_names[field],
                 error.text);
    return 0;
}

/* The same payload to each of `channels`. */
static void run_broadcast(struct api_call *call, struct json_slot *slots)
{
    struct bytes rest = slots[FIELD_CHANNELS].raw;
    uint32_t count = count_elements(call, FIELD_CHANNELS, rest);
    if (!count)
        return;
    add_parts(call, count);
    slots[FIELD_IDEMPOTENCY_KEY].raw.len = 0;
    for (uint32_t i = 0; json_next_element(&rest, &slots[FIELD_CHANNEL].raw);
         i++)
        command_run(command_publish, call, i, slots);
}

static void run_one_of_batch(struct api_call *call, uint32_t part,
                             struct bytes text)
{
    struct json_slot slots[FIELD_COUNT];
    const char *why;
    if (!scan(text, slots, &why)) {
        call_refuse(call, part, 400, "commands", why);
        return;
    }
    const struct command *command = command_find(slots[FIELD_COMMAND].raw);
    if (!command)
        call_refuse(call, part, 400, "command", "no such command");
    else if (!api_key_may(call->key, command->scope))
        call_refuse(call, part, 403, "command", "The key does not allow this");
    else
        command_run(command, call, part, slots);
}

static void run_batch(struct api_call *call, struct json_slot *slots)
{
    struct bytes rest = slots[FIELD_COMMANDS].raw;
    struct bytes element;
    uint32_t count = count_elements(call, FIELD_COMMANDS, rest);
    if (!count)
        return;
    add_parts(call, count);
    for (uint32_t i = 0; json_next_element(&rest, &element); i++)
        run_one_of_batch(call, i, element);
}

void api_call_run(struct api_call *call,
                  void (*done)(void *arg, const struct api_response *response),
                  void *arg)
{
    struct json_slot slots[FIELD_COUNT];
    const char *why;
    call->done = done;
    call->arg = arg;
    call->pending = 1;
    call->is_list = call->command->kind != COMMAND_SINGLE;
    if (!scan(buffer_bytes(&call->body), slots, &why)) {
        struct error error;
        error_set(&error, "The body is no JSON object: %s", why);
        refuse_whole(call, 400, NULL, error.text);
    } else if (call->command->kind == COMMAND_BATCH) {
        run_batch(call, slots);
    } else if (call->command->kind == COMMAND_BROADCAST) {
        run_broadcast(call, slots);
    } else {
        add_parts(call, 1);
        command_run(call->command, call, 0, slots);
    }
    /* never at once: whoever waits is in the middle of something */
    inbox_post(&call->worker->inbox,
               (struct inbox_item){settle_here, call, NULL});
}

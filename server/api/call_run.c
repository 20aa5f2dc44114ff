#include "api/call_run.h"

#include "api/command.h"
#include "api/contributed.h"
#include "api/key_refusal.h"
#include "base/error.h"
#include "base/memory.h"
#include "messaging/bus.h"

void api_call_free(struct api_call *call)
{
    if (!call)
        return;
    call->is_abandoned = true;
    if (!call->pending)
        call_destroy(call);
}

bool api_call_add(struct api_call *call, struct bytes piece)
{
    if (call->body.len + piece.len > call->body_len)
        return false;
    buffer_append(&call->body, piece);
    call_count_waiting(call, (int64_t)piece.len);
    return true;
}

void api_call_go_on(struct api_call *call)
{
    struct request *more = call->more;
    call->more = NULL;
    call->pending = 1;
    bus_submit(call->worker->instance->bus, more);
}

static void settle_here(void *subject, void *object)
{
    (void)object;
    call_settle(subject);
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
    command_audit(call->command, call, 0, NULL);
    call_refuse(call, 0, status, field, error);
}

static bool scan(struct bytes text, struct json_slot slots[FIELD_COUNT],
                 const char **why)
{
    for (int i = 0; i < FIELD_COUNT; i++)
        slots[i] = (struct json_slot){.name = field_names[i],
                                      .keeps_null = i == FIELD_PAYLOAD};
    return json_scan_object(text, slots, FIELD_COUNT, why);
}

/* The length of the list, or 0 and a refusal. */
static uint32_t count_elements(struct api_call *call, enum field field,
                               struct bytes list)
{
    /* protocols have their own limits */
    uint32_t max = call->kept ? UINT32_MAX : call->batch_commands;
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

/* Publishes the same payload to each of `channels`; for a protocol, may then
 * count their subscribers. */
static void run_broadcast(struct api_call *call, struct json_slot *slots)
{
    struct bytes rest = slots[FIELD_CHANNELS].raw;
    uint32_t count = count_elements(call, FIELD_CHANNELS, rest);
    bool is_counted = call->kept && (slots[FIELD_CONNECTIONS].raw.len ||
                                     slots[FIELD_MEMBERS].raw.len);
    if (!count)
        return;
    add_parts(call, count + is_counted);
    slots[FIELD_IDEMPOTENCY_KEY].raw.len = 0;
    for (uint32_t i = 0; json_next_element(&rest, &slots[FIELD_CHANNEL].raw);
         i++)
        command_run(command_publish, call, i, slots);
    if (is_counted)
        command_run(command_counts, call, count, slots);
}

static void refuse_scope(struct api_call *call, uint32_t part,
                         const struct command *command,
                         const struct json_slot *slots)
{
    command_audit(command, call, part, slots);
    key_refusal_answer(call, part, REFUSAL_API_SCOPE, "command");
}

static void run_one_of_batch(struct api_call *call, uint32_t part,
                             struct bytes text)
{
    struct json_slot slots[FIELD_COUNT];
    const char *why;
    if (!scan(text, slots, &why)) { /* valid JSON, but not an object */
        call_refuse(call, part, 400, "commands", why);
        return;
    }
    const struct command *command =
        command_find(call, slots[FIELD_COMMAND].raw);
    if (!command)
        call_refuse(call, part, 400, "command", "unknown command");
    else if (call->key && !api_key_may(call->key, command->scope))
        refuse_scope(call, part, command, slots);
    else
        command_run(command, call, part, slots);
    if (call->parts[part].status == 200) /* some are known immediately */
        call_weigh(call, part, 0);
}

static void go_on_with_batch(struct api_call *call)
{
    struct bytes element;
    while (!call->is_asking && json_next_element(&call->rest, &element))
        run_one_of_batch(call, call->part_next++, element);
}

static void run_batch(struct api_call *call, struct json_slot *slots)
{
    call->rest = slots[FIELD_COMMANDS].raw;
    uint32_t count = count_elements(call, FIELD_COMMANDS, call->rest);
    if (!count)
        return;
    add_parts(call, count);
    call->go_on = go_on_with_batch;
    go_on_with_batch(call);
}

static void refuse_body(struct api_call *call)
{
    struct error error;
    struct error why;
    json_check_object(buffer_bytes(&call->body), &why);
    error_set(&error, "The body is not a JSON object: %.400s", why.text);
    refuse_whole(call, 400, NULL, error.text);
}

static int prepare(struct api_call *call, const char **why)
{
    return call->kept
               ? contributed_prepare(call->kept, call->worker, &call->body, why)
               : BACKEND_ALLOWED;
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
    int refused = call->task ? BACKEND_ALLOWED : prepare(call, &why);
    if (call->task) {
        call_add_part(call);
        call->task->run(call);
    } else if (refused != BACKEND_ALLOWED) {
        refuse_whole(call, refused, NULL, why);
    } else if (!scan(buffer_bytes(&call->body), slots, &why)) {
        refuse_body(call);
    } else if (call->command->kind == COMMAND_BATCH) {
        run_batch(call, slots);
    } else if (call->command->kind == COMMAND_BROADCAST) {
        run_broadcast(call, slots);
    } else {
        add_parts(call, 1);
        command_run(call->command, call, 0, slots);
    }
    /* never synchronously: the caller is not ready for it */
    inbox_post(&call->worker->inbox,
               (struct inbox_item){settle_here, call, NULL});
}

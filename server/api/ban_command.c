#include "api/ban_command.h"

#include <stdio.h>

#include "api/field.h"
#include "base/clock.h"
#include "messaging/bans.h"
#include "messaging/eviction.h"

enum { LIST_LIMIT = 1000 };

/* ---- reading ------------------------------------------------------------- */

struct target {
    char text[BAN_TARGET_MAX];
    size_t len;
};

static struct bytes view(const struct target *target)
{
    return (struct bytes){target->text, target->len};
}

static bool read_range(struct api_call *call, uint32_t part,
                       const struct json_slot *slots, struct ip_range *range)
{
    char text[IP_RANGE_TEXT + 1] = "";
    struct bytes address;
    return field_read_address(call, part, slots, text, &address) &&
           ip_range_parse(text, range);
}

static bool read_target(struct api_call *call, uint32_t part,
                        const struct json_slot *slots, struct target *target)
{
    char id[CLIENT_ID_MAX];
    struct bytes client;
    struct ip_range range;
    bool has_client = slots[FIELD_CLIENT].raw.len > 0;
    bool has_address = slots[FIELD_ADDRESS].raw.len > 0;
    if (has_client == has_address) {
        call_refuse(call, part, 400, has_client ? "address" : "client",
                    "client or address is required");
        return false;
    }
    if (has_client && field_read_client(call, part, slots, id, &client))
        target->len = bans_target_of_client(client, target->text);
    else if (has_address && read_range(call, part, slots, &range))
        target->len = bans_target_of_range(&range, target->text);
    else
        return false;
    return true;
}

static bool read_ttl(struct api_call *call, uint32_t part,
                     const struct json_slot *slots, uint64_t *seconds)
{
    struct bytes raw = slots[FIELD_TTL].raw;
    *seconds = BAN_SECONDS;
    if (raw.len && (!json_decode_whole(raw, seconds) || !*seconds ||
                    *seconds > BAN_SECONDS_MAX))
        return field_refuse(call, part, FIELD_TTL,
                            "must be a whole number of seconds from 1 to "
                            "31622400");
    return true;
}

/* ---- writing ------------------------------------------------------------- */

/* "client:eve" as a member. */
static void begin_answer(const char *target, struct buffer *out)
{
    const char *colon = strchr(target, ':');
    buffer_append_format(out, "{\"%.*s\":", (int)(colon - target), target);
    buffer_append_json_string(out, bytes_of(colon + 1));
}

static void write_banned(const struct request *request, struct buffer *out)
{
    begin_answer(request->channel, out);
    buffer_append_format(out, ",\"until\":%lld,\"instances\":%u}",
                         (long long)request->until_ms, request->instances);
}

static void write_unbanned(const struct request *request, struct buffer *out)
{
    begin_answer(request->channel, out);
    buffer_append_format(out, ",\"removed\":%s,\"instances\":%u}",
                         request->is_removed ? "true" : "false",
                         request->instances);
}

static void write_evicted(const struct request *request, struct buffer *out)
{
    buffer_append_text(out, "{\"address\":");
    buffer_append_json_string(out, bytes_of(request->channel));
    buffer_append_format(out, ",\"instances\":%u}", request->instances);
}

/* ---- the commands -------------------------------------------------------- */

void ban_command_ban(struct api_call *call, uint32_t part,
                     const struct json_slot *slots)
{
    struct target target;
    char text[CLOSE_TEXT_MAX];
    struct bytes reason;
    uint64_t seconds;
    if (read_target(call, part, slots, &target) &&
        field_read_reason(call, part, slots, text, &reason) &&
        read_ttl(call, part, slots, &seconds))
        call_ask(call, part,
                 request_new_ban(view(&target),
                                 clock_wall_ms() + (int64_t)seconds * 1000,
                                 reason),
                 write_banned);
}

void ban_command_unban(struct api_call *call, uint32_t part,
                       const struct json_slot *slots)
{
    struct target target;
    if (read_target(call, part, slots, &target))
        call_ask(call, part, request_new_unban(view(&target)), write_unbanned);
}

/* Every instance knows all bans. */
void ban_command_list(struct api_call *call, uint32_t part,
                      const struct json_slot *slots)
{
    struct buffer *out = &call->parts[part].text;
    uint32_t limit = LIST_LIMIT;
    if (!field_read_limit(call, part, slots, BANS_MAX, &limit))
        return;
    buffer_append_text(out, "{\"bans\":[");
    uint32_t count = bans_write(call->worker->instance->bans,
                                call_clients(call), limit, out);
    buffer_append_format(out, "],\"more\":%s}",
                         count > limit ? "true" : "false");
    call->parts[part].status = 200;
}

void ban_command_evict(struct api_call *call, uint32_t part,
                       const struct json_slot *slots, struct bytes reason)
{
    char text[IP_RANGE_TEXT + 1] = "";
    struct bytes address;
    if (field_read_address(call, part, slots, text, &address))
        call_ask(call, part, request_new_eviction(address, reason),
                 write_evicted);
}

static void write_nothing(const struct request *request, struct buffer *out)
{
    (void)request;
    buffer_append_text(out, "{}");
}

/* All connections of a protocol's user. */
void ban_command_terminate(struct api_call *call, uint32_t part,
                           const struct json_slot *slots)
{
    char id[CLIENT_ID_MAX];
    struct bytes user;
    struct buffer target = {0};
    if (!field_read_client(call, part, slots, id, &user))
        return;
    buffer_append_text(&target, EVICTION_USER);
    buffer_append(&target, user);
    call_ask(call, part,
             request_new_eviction(buffer_bytes(&target), (struct bytes){0}),
             write_nothing);
    buffer_deinit(&target);
}

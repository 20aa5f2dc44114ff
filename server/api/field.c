#include "api/field.h"

#include "api/key_refusal.h"
#include "base/error.h"
#include "messaging/hub.h"
#include "messaging/names.h"
#include "messaging/pressure.h"

bool field_refuse(struct api_call *call, uint32_t part, enum field field,
                  const char *what)
{
    struct error error;
    error_set(&error, "%s %.400s", field_names[field], what);
    call_refuse(call, part, 400, field_names[field], error.text);
    return false;
}

bool field_read_text(struct api_call *call, uint32_t part,
                     const struct json_slot *slots, enum field field,
                     bool (*is_valid)(struct bytes), const char *expected,
                     char *out, size_t size, struct bytes *text)
{
    size_t len;
    if (!slots[field].raw.len)
        return field_refuse(call, part, field, "is missing");
    if (!json_decode_string(slots[field].raw, out, size, &len) ||
        !is_valid((struct bytes){out, len}))
        return field_refuse(call, part, field, expected);
    *text = (struct bytes){out, len};
    return true;
}

static bool refuse_reach(struct api_call *call, uint32_t part, enum field field)
{
    key_refusal_answer(call, part, REFUSAL_API_REACH, field_names[field]);
    return false;
}

/* `reach`: patterns, or NULL: everything. */
static bool check_reach(struct api_call *call, uint32_t part, enum field field,
                        const struct text_list *reach, struct bytes name)
{
    return !reach || name_matches_any(reach, name) ||
           refuse_reach(call, part, field);
}

bool field_reaches_all(struct api_call *call, uint32_t part, enum field field)
{
    return !call->key || !api_key_is_limited(call->key) ||
           refuse_reach(call, part, field);
}

bool field_read_channel(struct api_call *call, uint32_t part,
                        const struct json_slot *slots,
                        char out[CHANNEL_NAME_MAX], struct bytes *channel)
{
    struct error why;
    if (!slots[FIELD_CHANNEL].raw.len)
        return field_refuse(call, part, FIELD_CHANNEL, "is missing");
    if (!channel_name_decode(slots[FIELD_CHANNEL].raw, out, channel, &why))
        return field_refuse(call, part, FIELD_CHANNEL, why.text);
    return check_reach(call, part, FIELD_CHANNEL, call_channels(call),
                       *channel);
}

bool field_read_client(struct api_call *call, uint32_t part,
                       const struct json_slot *slots, char out[CLIENT_ID_MAX],
                       struct bytes *client)
{
    struct error why;
    if (!slots[FIELD_CLIENT].raw.len)
        return field_refuse(call, part, FIELD_CLIENT, "is missing");
    if (!client_id_decode(slots[FIELD_CLIENT].raw, out, client, &why))
        return field_refuse(call, part, FIELD_CLIENT, why.text);
    return check_reach(call, part, FIELD_CLIENT, call_clients(call), *client);
}

bool field_read_event(struct api_call *call, uint32_t part,
                      const struct json_slot *slots, char out[EVENT_TEXT_MAX],
                      struct bytes *event)
{
    struct error why;
    *event = (struct bytes){0};
    if (call->kept) { /* already checked by the protocol's own rules */
        event->data = out;
        json_decode_string(slots[FIELD_EVENT].raw, out, EVENT_TEXT_MAX,
                           &event->len);
        return true;
    }
    return !slots[FIELD_EVENT].raw.len ||
           event_decode(slots[FIELD_EVENT].raw, out, event, &why) ||
           field_refuse(call, part, FIELD_EVENT, why.text);
}

bool field_has_memory(struct api_call *call, uint32_t part)
{
    if (!pressure_refuses(call->worker))
        return true;
    call_refuse(call, part, 503, NULL, fault_info(FAULT_UNAVAILABLE)->text);
    return false;
}

bool field_read_payload(struct api_call *call, uint32_t part,
                        const struct json_slot *slots, struct bytes *payload)
{
    const struct instance *instance = call->worker->instance;
    const struct limits *limits = &instance->options->limits;
    *payload = slots[FIELD_PAYLOAD].raw;
    if (!payload->len)
        return field_refuse(call, part, FIELD_PAYLOAD, "is missing");
    if (payload->len > limits->message_bytes) {
        struct error error;
        error_set(&error, "payload is longer than limits.message_bytes (%u)",
                  limits->message_bytes);
        call_refuse(call, part, 413, "payload", error.text);
        return false;
    }
    if (!field_has_memory(call, part))
        return false;
    if (!hub_is_swamped(instance->hub, limits->inbox_messages))
        return true;
    metrics_add(&call->worker->metrics, METRIC_LIMIT_INBOX, 1);
    call_refuse(call, part, 503, NULL, fault_info(FAULT_UNAVAILABLE)->text);
    return false;
}

bool field_read_limit(struct api_call *call, uint32_t part,
                      const struct json_slot *slots, uint32_t max,
                      uint32_t *limit)
{
    uint64_t number;
    if (!slots[FIELD_LIMIT].raw.len)
        return true;
    if (!json_decode_whole(slots[FIELD_LIMIT].raw, &number))
        return field_refuse(call, part, FIELD_LIMIT, "must be a whole number");
    *limit = number < max ? (uint32_t)number : max;
    return true;
}

bool field_read_reason(struct api_call *call, uint32_t part,
                       const struct json_slot *slots, char out[CLOSE_TEXT_MAX],
                       struct bytes *reason)
{
    *reason = (struct bytes){0};
    return !slots[FIELD_REASON].raw.len ||
           field_read_text(call, part, slots, FIELD_REASON, close_text_is_valid,
                           "must be a string of up to 123 bytes", out,
                           CLOSE_TEXT_MAX, reason);
}

static bool is_range(struct bytes text)
{
    char copy[IP_RANGE_TEXT + 1] = "";
    struct ip_range range;
    memcpy(copy, text.data, text.len);
    return strlen(copy) == text.len && ip_range_parse(copy, &range);
}

bool field_read_address(struct api_call *call, uint32_t part,
                        const struct json_slot *slots, char out[IP_RANGE_TEXT],
                        struct bytes *address)
{
    return field_reaches_all(call, part, FIELD_ADDRESS) &&
           field_read_text(call, part, slots, FIELD_ADDRESS, is_range,
                           "must be an address, or a range like 10.0.0.0/8",
                           out, IP_RANGE_TEXT, address);
}

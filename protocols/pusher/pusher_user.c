#include "protocols/pusher/pusher_user.h"

#include <stdlib.h>

#include "base/json.h"
#include "messaging/info.h"

static const struct bytes beginning = BYTES_LITERAL("{\"user_id\":");

static bool is_number(struct bytes raw)
{
    return raw.len &&
           (raw.data[0] == '-' || (raw.data[0] >= '0' && raw.data[0] <= '9'));
}

static bool read_id(struct bytes raw, char id[CLIENT_ID_MAX + 1])
{
    struct bytes name = raw;
    char text[CLIENT_ID_MAX];
    if (!(is_number(raw) ? client_id_is_valid(raw)
                         : client_id_decode(raw, text, &name, NULL)))
        return false;
    memcpy(id, name.data, name.len);
    id[name.len] = '\0';
    return true;
}

static char *make_info(struct bytes id, struct bytes user_info,
                       struct error *why)
{
    struct buffer text = {0};
    struct error error;
    bool has_more = false;
    char *tight = user_info.len ? info_read(user_info, &error) : NULL;
    if (user_info.len && !tight) {
        error_set(why, "user_info %.400s", error.text);
        return NULL;
    }
    has_more = tight && strlen(tight) > 2;
    buffer_append(&text, beginning);
    buffer_append(&text, id);
    buffer_append_text(&text, has_more ? "," : "}");
    if (has_more)
        buffer_append_text(&text, tight + 1);
    char *info = info_read(buffer_bytes(&text), &error);
    if (!info)
        error_set(why, "user_info, with user_id, %.400s", error.text);
    buffer_deinit(&text);
    free(tight);
    return info;
}

bool pusher_user_read(struct bytes data, struct pusher_user *user,
                      struct error *why)
{
    struct json_slot slots[] = {{.name = "user_id"}, {.name = "user_info"}};
    const char *fault;
    if (!json_scan_object(data, slots, 2, &fault))
        return error_set(why, "channel_data must be a JSON object");
    if (!read_id(slots[0].raw, user->id))
        return error_set(why, "user_id must be a number or a string of 1 to "
                              "128 bytes without control characters");
    user->info = make_info(slots[0].raw, slots[1].raw, why);
    return user->info != NULL;
}

/* The end of the value: of a string, or before the next comma. */
static size_t value_len(struct bytes text)
{
    size_t len = 0;
    bool is_text = text.len && text.data[0] == '"';
    if (!is_text) {
        while (len < text.len && !strchr(",}", text.data[len]))
            len++;
        return len;
    }
    for (len = 1; len < text.len && text.data[len] != '"'; len++)
        len += text.data[len] == '\\';
    return len < text.len ? len + 1 : 0;
}

struct bytes pusher_user_raw_id(struct bytes info)
{
    if (!bytes_start_with(info, beginning))
        return (struct bytes){0};
    struct bytes value = bytes_skip(info, beginning.len);
    value.len = value_len(value);
    /* infos of Peal's own clients are arbitrary */
    return value.len && (value.data[0] == '"' || is_number(value))
               ? value
               : (struct bytes){0};
}

void pusher_user_append_id(struct buffer *out, struct bytes id,
                           struct bytes info)
{
    struct bytes raw = pusher_user_raw_id(info);
    if (is_number(raw))
        buffer_append(out, raw);
    else
        buffer_append_json_string(out, id);
}

void pusher_user_append_info(struct buffer *out, struct bytes info)
{
    struct bytes raw = pusher_user_raw_id(info);
    if (!raw.len) {
        buffer_append(out, info.len ? info : BYTES_LITERAL("{}"));
        return;
    }
    struct bytes rest = bytes_skip(info, beginning.len + raw.len);
    buffer_append_char(out, '{');
    buffer_append(out, bytes_skip(rest, rest.data[0] == ','));
}

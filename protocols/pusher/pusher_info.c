#include "protocols/pusher/pusher_info.h"

#include "base/json.h"
#include "protocols/pusher/pusher_name.h"
#include "protocols/pusher/pusher_request.h"

static const struct {
    struct bytes name;
    unsigned info;
} attributes[] = {
    {BYTES_LITERAL("user_count"), PUSHER_INFO_USERS},
    {BYTES_LITERAL("subscription_count"), PUSHER_INFO_SUBSCRIPTIONS},
    {BYTES_LITERAL("cache"), PUSHER_INFO_CACHE},
};

static unsigned find(struct bytes name)
{
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (bytes_equal(attributes[i].name, name))
            return attributes[i].info;
    return PUSHER_INFO_INVALID;
}

unsigned pusher_info_read(struct bytes text)
{
    unsigned info = 0;
    while (text.len) {
        const char *comma = memchr(text.data, ',', text.len);
        size_t len = comma ? (size_t)(comma - text.data) : text.len;
        info |= find((struct bytes){text.data, len});
        text = bytes_skip(text, len + (comma != NULL));
    }
    return info;
}

unsigned pusher_info_of(const struct backend_request *request)
{
    struct buffer value = {0};
    pusher_request_parameter(request, "info", &value);
    unsigned info = pusher_info_read(buffer_bytes(&value));
    buffer_deinit(&value);
    return info;
}

void pusher_info_append_counted(struct buffer *out, unsigned info)
{
    if (info & PUSHER_INFO_SUBSCRIPTIONS)
        buffer_append_text(out, ",\"connections\":true");
    if (info & PUSHER_INFO_USERS)
        buffer_append_text(out, ",\"members\":true");
}

bool pusher_info_next(struct bytes *list, struct pusher_counts *counts)
{
    struct json_slot slots[] = {
        {.name = "channel"}, {.name = "connections"}, {.name = "members"}};
    struct bytes row;
    const char *why;
    struct bytes name = {counts->text, 0};
    if (!json_next_element(list, &row) ||
        !json_scan_object(row, slots, 3, &why) ||
        !json_decode_string(slots[0].raw, counts->text, sizeof counts->text,
                            &name.len))
        return false;
    counts->channel = pusher_name_of(name);
    counts->has_connections =
        json_decode_whole(slots[1].raw, &counts->connections);
    /* `channels` may keep members of other channels too */
    counts->has_members = pusher_name_is_presence(counts->channel) &&
                          json_decode_whole(slots[2].raw, &counts->members);
    return true;
}

bool pusher_info_append(struct buffer *out, const struct pusher_counts *counts,
                        unsigned info)
{
    bool has_users = counts->has_members && info & PUSHER_INFO_USERS;
    bool has_all = counts->has_connections && info & PUSHER_INFO_SUBSCRIPTIONS;
    if (has_users) {
        buffer_append_text(out, "\"user_count\":");
        buffer_append_uint(out, counts->members);
    }
    if (has_all) {
        buffer_append_text(out, has_users ? "," : "");
        buffer_append_text(out, "\"subscription_count\":");
        buffer_append_uint(out, counts->connections);
    }
    return has_users || has_all;
}

/* Channels of a user's connections. */
static bool is_hidden(struct bytes name)
{
    return pusher_name_watched(name).len > 0;
}

void pusher_info_append_channels(struct buffer *out, struct bytes list,
                                 unsigned info)
{
    struct pusher_counts counts;
    const char *comma = "";
    buffer_append_char(out, '{');
    while (pusher_info_next(&list, &counts)) {
        if (is_hidden(counts.channel))
            continue;
        buffer_append_text(out, comma);
        buffer_append_json_string(out, counts.channel);
        buffer_append_text(out, ":{");
        pusher_info_append(out, &counts, info);
        buffer_append_char(out, '}');
        comma = ",";
    }
    buffer_append_char(out, '}');
}

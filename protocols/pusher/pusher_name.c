#include "protocols/pusher/pusher_name.h"

#include <ctype.h>
static bool starts(struct bytes name, const char *prefix)
{
    return bytes_start_with(name, bytes_of(prefix));
}

bool pusher_name_is_presence(struct bytes name)
{
    return starts(name, "presence-");
}

bool pusher_name_is_private(struct bytes name)
{
    return starts(name, "private-") || pusher_name_is_presence(name);
}

bool pusher_name_is_encrypted(struct bytes name)
{
    return starts(name, "private-encrypted-");
}

bool pusher_name_is_cache(struct bytes name)
{
    static const char *const prefixes[] = {"cache-", "private-cache-",
                                           "presence-cache-",
                                           "private-encrypted-cache-"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (starts(name, prefixes[i]))
            return true;
    return false;
}

/* The characters of names. */
static bool is_plain(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!name.data[i] || (!isalnum((unsigned char)name.data[i]) &&
                              !strchr("-_=@,.;", name.data[i])))
            return false;
    return name.len;
}

struct bytes pusher_name_user(struct bytes name)
{
    return starts(name, PUSHER_USER_CHANNEL)
               ? bytes_skip(name, strlen(PUSHER_USER_CHANNEL))
               : (struct bytes){0};
}

struct bytes pusher_name_watched(struct bytes name)
{
    return starts(name, PUSHER_WATCH_CHANNEL)
               ? bytes_skip(name, strlen(PUSHER_WATCH_CHANNEL))
               : (struct bytes){0};
}

bool pusher_name_is_internal(struct bytes name)
{
    return starts(name, "#");
}

bool pusher_name_is_user_id(struct bytes id)
{
    return is_plain(id);
}

bool pusher_name_is_valid(struct bytes name)
{
    return is_plain(name) || is_plain(pusher_name_user(name));
}

struct bytes pusher_name_of(struct bytes channel)
{
    struct bytes prefix = BYTES_LITERAL(PUSHER_PREFIX);
    if (!bytes_start_with(channel, prefix))
        return channel;
    struct bytes rest = bytes_skip(channel, prefix.len);
    const char *colon = rest.len ? memchr(rest.data, ':', rest.len) : NULL;
    return colon ? bytes_skip(rest, (size_t)(colon - rest.data) + 1) : channel;
}

#include "bus/redis/redis_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "messaging/names.h"

char *redis_key(const struct redis_bus *bus, const char *channel,
                const char *kind)
{
    struct buffer key = {0};
    buffer_append_format(&key, "%s{%s}:%s", bus->options->prefix, channel,
                         kind);
    buffer_text(&key);
    return key.data;
}

char *redis_name(const struct redis_bus *bus, const char *name)
{
    struct buffer key = {0};
    bool is_tagged = bus->url.is_cluster && !strchr(name, '{');
    buffer_append_format(&key, "%s%s%s", bus->options->prefix,
                         is_tagged ? "{peal}:" : "", name);
    buffer_text(&key);
    return key.data;
}

uint32_t redis_position_seconds(const struct redis_bus *bus,
                                const char *channel)
{
    uint32_t kept =
        channel_options_find(&bus->instance->options->channels, channel)
            ->history_seconds;
    return kept > POSITION_SECONDS ? kept : (uint32_t)POSITION_SECONDS;
}

bool redis_read_channel(const struct redis_bus *bus, struct bytes full,
                        char *name)
{
    struct bytes prefix = bytes_of(bus->options->prefix);
    if (!bytes_start_with(full, prefix))
        return false;
    full = bytes_skip(full, prefix.len);
    if (full.len < 5 || full.data[0] != '{' ||
        memcmp(full.data + full.len - 3, "}:c", 3) != 0)
        return false;
    struct bytes found = {full.data + 1, full.len - 4};
    if (!channel_name_is_valid(found))
        return false;
    memcpy(name, found.data, found.len);
    name[found.len] = '\0';
    return true;
}

#include "messaging/names.h"

#include <ctype.h>

static bool all_of(struct bytes name, size_t max, const char *marks)
{
    if (name.len == 0 || name.len > max)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool alphanumeric = c < 0x80 && isalnum(c);
        if (!alphanumeric && (c == '\0' || !strchr(marks, c)))
            return false;
    }
    return true;
}

bool client_id_is_valid(struct bytes id)
{
    return all_of(id, CLIENT_ID_MAX, "._~:@+=-");
}

bool channel_name_is_valid(struct bytes name)
{
    return all_of(name, CHANNEL_NAME_MAX, "_-=@,.;:#$/");
}

bool channel_pattern_is_valid(const char *pattern)
{
    size_t len = strlen(pattern);
    bool is_prefix = len && pattern[len - 1] == '*';
    struct bytes name = {pattern, is_prefix ? len - 1 : len};
    return (is_prefix && !name.len) || channel_name_is_valid(name);
}

bool name_matches(const char *pattern, struct bytes name)
{
    size_t len = strlen(pattern);
    if (len && pattern[len - 1] == '*')
        return bytes_start_with(name, (struct bytes){pattern, len - 1});
    return bytes_equal(name, (struct bytes){pattern, len});
}

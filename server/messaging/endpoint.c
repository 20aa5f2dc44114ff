#include "messaging/endpoint.h"

bool endpoint_matches(const struct endpoint *endpoint, struct bytes path,
                      struct bytes *rest)
{
    struct bytes pattern = bytes_of(endpoint->pattern);
    *rest = (struct bytes){0};
    if (!pattern.len || pattern.data[pattern.len - 1] != '*')
        return bytes_equal(path, pattern);
    pattern.len--;
    if (!bytes_start_with(path, pattern))
        return false;
    *rest = bytes_skip(path, pattern.len);
    return true;
}

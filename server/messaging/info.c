#include "messaging/info.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Copies a validated JSON text without white space outside strings; returns its
 * length. `out` may be NULL. */
static size_t copy_tightly(struct bytes raw, char *out)
{
    bool in_string = false;
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        bool is_escaped = in_string && raw.data[i] == '\\';
        if (!in_string && is_blank(raw.data[i]))
            continue;
        if (raw.data[i] == '"')
            in_string = !in_string;
        for (int j = 0; j <= is_escaped; j++, len++)
            if (out)
                out[len] = raw.data[i + (size_t)j];
        i += is_escaped;
    }
    return len;
}

char *info_read(struct bytes raw, struct error *why)
{
    struct error where;
    if (!json_check_object(raw, &where)) {
        error_set(why, "must be a JSON object: %.400s", where.text);
        return NULL;
    }
    size_t len = copy_tightly(raw, NULL);
    if (len > INFO_MAX) {
        error_set(why, "must be at most %d bytes; it has %zu", INFO_MAX, len);
        return NULL;
    }
    char *info = memory_new(1, len + 1);
    copy_tightly(raw, info);
    return info;
}

bool info_is_valid(struct bytes info)
{
    struct error why;
    return info.len <= INFO_MAX && json_check_object(info, &why) &&
           copy_tightly(info, NULL) == info.len;
}

#include "protocols/pusher/pusher_answered.h"

#include "base/json.h"

enum { OK = 200 };

struct bytes pusher_answered_member(struct bytes object, const char *name)
{
    struct json_slot slot = {.name = name};
    const char *why;
    return json_scan_object(object, &slot, 1, &why) ? slot.raw
                                                    : (struct bytes){0};
}

static void append_error(struct bytes raw, struct buffer *out)
{
    size_t len = 0;
    char *at = buffer_reserve(out, raw.len + 2);
    json_decode_string(raw, at, raw.len + 1, &len);
    out->len += len;
    buffer_append_char(out, '\n');
}

/* The first failed part, or none. */
static int failed_part(struct bytes results, struct bytes *error)
{
    struct bytes element;
    while (json_next_element(&results, &element)) {
        uint64_t status;
        if (!json_decode_whole(pusher_answered_member(element, "status"),
                               &status))
            continue;
        *error = pusher_answered_member(element, "error");
        return (int)status;
    }
    return OK;
}

int pusher_answered(const struct backend_request *request, int status,
                    struct bytes body, struct buffer *out,
                    const char **content_type,
                    void (*write)(const struct backend_request *request,
                                  struct bytes results, struct buffer *out))
{
    struct bytes results = pusher_answered_member(body, "results");
    struct bytes error = pusher_answered_member(body, "error");
    if (status == OK)
        status = failed_part(results, &error);
    if (status == OK) {
        write(request, results, out);
        return OK;
    }
    *content_type = "text/plain; charset=utf-8";
    append_error(error, out);
    return status;
}

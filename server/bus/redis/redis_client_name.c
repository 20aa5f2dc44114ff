#include "bus/redis/redis_client_name.h"

#include "base/hex.h"

static bool is_encoded(char c)
{
    return c && strchr("|;{}%", c);
}

void redis_client_name_append(struct buffer *out, struct bytes id)
{
    size_t plain = 0; /* start of the unencoded run */
    for (size_t i = 0; i < id.len; i++) {
        if (!is_encoded(id.data[i]))
            continue;
        buffer_append(out, (struct bytes){id.data + plain, i - plain});
        buffer_append_format(out, "%%%02x", (unsigned)id.data[i]);
        plain = i + 1;
    }
    buffer_append(out, bytes_skip(id, plain));
}

char *redis_client_name(const char *id)
{
    struct buffer name = {0};
    redis_client_name_append(&name, bytes_of(id));
    buffer_text(&name);
    return name.data;
}

bool redis_client_name_is_plain(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (is_encoded(name.data[i]))
            return false;
    return true;
}

/* Encodes only what is necessary, so that an id has exactly one name. */
static bool read_escape(struct bytes name, char *out)
{
    unsigned char byte;
    struct bytes digits = {name.data + 1, 2};
    if (name.len < 3 || !hex_decode(digits, &byte, 1) ||
        !is_encoded((char)byte))
        return false;
    *out = (char)byte;
    return true;
}

bool redis_text_read(struct bytes name, size_t max, char *text)
{
    size_t len = 0;
    while (name.len && len < max) {
        bool is_escape = *name.data == '%';
        text[len] = *name.data;
        if (is_escape && !read_escape(name, &text[len]))
            return false;
        if (!is_escape && is_encoded(text[len]))
            return false;
        name = bytes_skip(name, is_escape ? 3 : 1);
        len++;
    }
    text[len] = '\0';
    return !name.len && strlen(text) == len;
}

bool redis_client_name_read(struct bytes name, char id[CLIENT_ID_MAX + 1])
{
    return name.len <= REDIS_CLIENT_NAME_MAX &&
           redis_text_read(name, CLIENT_ID_MAX, id) &&
           client_id_is_valid(bytes_of(id));
}

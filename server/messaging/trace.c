#include "messaging/trace.h"

enum {
    ID_AT = 3, /* behind the version */
    ID_LEN = 32,
    PARENT_AT = ID_AT + ID_LEN + 1,
    PARENT_LEN = 16,
    FLAGS_AT = PARENT_AT + PARENT_LEN + 1
};

static bool is_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool are_digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_digit(text[i]))
            return false;
    return true;
}

static bool is_zero(const char *text, size_t len)
{
    while (len && text[len - 1] == '0')
        len--;
    return !len;
}

/* Section 3.2.2.4: for future versions the known part is used, if it ends there
 * or a dash follows. */
static bool version_is_good(struct bytes text)
{
    if (!are_digits(text.data, 2) || memcmp(text.data, "ff", 2) == 0)
        return false;
    bool is_known = memcmp(text.data, "00", 2) == 0;
    return text.len == TRACE_LEN || (!is_known && text.data[TRACE_LEN] == '-');
}

struct bytes trace_read(struct bytes text)
{
    const char *at = text.data;
    bool is_good = text.len >= TRACE_LEN && version_is_good(text) &&
                   at[ID_AT - 1] == '-' && are_digits(at + ID_AT, ID_LEN) &&
                   !is_zero(at + ID_AT, ID_LEN) && at[PARENT_AT - 1] == '-' &&
                   are_digits(at + PARENT_AT, PARENT_LEN) &&
                   !is_zero(at + PARENT_AT, PARENT_LEN) &&
                   at[FLAGS_AT - 1] == '-' && are_digits(at + FLAGS_AT, 2);
    return is_good ? (struct bytes){at, TRACE_LEN} : (struct bytes){0};
}

struct bytes trace_read_json(struct bytes raw)
{
    if (raw.len < 2 || raw.data[0] != '"')
        return (struct bytes){0};
    return trace_read((struct bytes){raw.data + 1, raw.len - 2});
}

/* Section 3.2.2.3.1: the lowest bit of the flags. */
bool trace_is_sampled(const char *trace)
{
    char last = trace[TRACE_LEN - 1];
    return (last >= 'a' ? last - 'a' + 10 : last - '0') & 1;
}

struct bytes trace_id(const char *trace)
{
    return (struct bytes){trace + ID_AT, ID_LEN};
}

struct bytes trace_parent(const char *trace)
{
    return (struct bytes){trace + PARENT_AT, PARENT_LEN};
}

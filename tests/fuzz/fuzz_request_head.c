/* Consecutive request heads: however the bytes are split, the reader must find
 * the same. The first byte limits the length of a head. */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "fuzz.h"
#include "net/http/request_reader.h"

enum { HEAD_MAX = 16384, CUTS_MAX = 512 };

static void note(struct buffer *text, struct bytes bytes)
{
    buffer_append_format(text, "%d/%zu:", bytes.data != NULL, bytes.len);
    buffer_append(text, bytes);
}

static void check_head(const struct request_head *head)
{
    bool is_star = bytes_equal(head->path, BYTES_LITERAL("*"));
    PANIC_IF(!head->method.len || head->method.len > 32);
    PANIC_IF(!is_star && *head->path.data != '/');
    PANIC_IF(head->minor > 1 || (head->minor && !head->counts[FIELD_HOST]));
    PANIC_IF(head->has_length && head->is_chunked);
    PANIC_IF(!head->has_length && head->body_len);
    PANIC_IF(head->counts[FIELD_HOST] > 1);
    for (size_t i = 0; i < REQUEST_FIELDS; i++) {
        struct bytes value = head->fields[i];
        PANIC_IF(value.len && memchr(value.data, '\r', value.len));
        PANIC_IF(value.len && i != FIELD_FORWARDED &&
                 memchr(value.data, '\n', value.len));
        PANIC_IF(i != FIELD_HOST && !head->counts[i] && value.data);
    }
}

static void read_query(struct bytes query, struct buffer *text)
{
    static const char *const names[] = {"token", "protocol", "", "a"};
    struct buffer decoded = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct bytes rest = query;
        struct bytes value;
        while (value = request_query_next(&rest, names[i], &decoded),
               value.data)
            note(text, value);
    }
    buffer_deinit(&decoded);
}

static void note_head(const struct request_head *head, struct buffer *text)
{
    struct buffer decoded = {0};
    note(text, head->method);
    note(text, head->path);
    note(text, head->query);
    for (size_t i = 0; i < REQUEST_FIELDS; i++) {
        buffer_append_format(text, " %zu:%d ", i, head->counts[i]);
        note(text, head->fields[i]);
    }
    buffer_append_format(text, " %d %d %d %d %d %d %d %llu ", head->minor,
                         head->has_length, head->is_chunked,
                         head->wants_upgrade, head->wants_close,
                         head->wants_keep_alive, head->expects_continue,
                         (unsigned long long)head->body_len);
    PANIC_IF(!request_decode(head->path, &decoded)); /* escapes are checked */
    note(text, buffer_bytes(&decoded));
    read_query(head->query, text);
    buffer_deinit(&decoded);
}

static void check_end(const struct request_reader *reader, struct bytes data,
                      enum request_result result)
{
    if (result == REQUEST_BAD)
        PANIC_IF(reader->fault.status < 400 || reader->fault.status > 505 ||
                 !reader->fault.why);
    if (result == REQUEST_WHOLE)
        PANIC_IF(memcmp(data.data + reader->at - 4, "\r\n\r\n", 4) != 0);
}

/* The first `len` bytes, in a block of exactly that size unless they are
 * all. */
static enum request_result feed(struct request_reader *reader,
                                struct bytes data, size_t len)
{
    char *block = len < data.len ? memory_new(len ? len : 1, 1) : NULL;
    if (block && len)
        memcpy(block, data.data, len);
    struct bytes bytes = {block ? block : data.data, len};
    enum request_result result = request_reader_read(reader, bytes);
    PANIC_IF(reader->at > len);
    PANIC_IF(result == REQUEST_MORE && reader->at < len);
    check_end(reader, bytes, result);
    free(block);
    return result;
}

/* Starts with `first` bytes, and adds `step` bytes each time. */
static struct request_reader read_in_steps(struct bytes data, uint32_t head_max,
                                           size_t first, size_t step)
{
    struct request_reader reader;
    memset(&reader, 0, sizeof reader); /* the padding is compared too */
    reader.head_max = head_max;
    size_t len = first < data.len ? first : data.len;
    while (feed(&reader, data, len) == REQUEST_MORE && len < data.len)
        len = data.len - len > step ? len + step : data.len;
    return reader;
}

static void compare(const struct request_reader *whole,
                    struct request_reader cut)
{
    PANIC_IF(memcmp(whole, &cut, sizeof cut) != 0);
}

/* The same head, read from its bytes at another address. */
static void check_moved(const struct request_reader *reader, struct bytes data)
{
    struct request_head head;
    struct buffer joined = {0};
    struct buffer text = {0};
    struct buffer moved = {0};
    request_reader_head(reader, data, &joined, &head);
    check_head(&head);
    note_head(&head, &text);
    char *block = memory_new(reader->at, 1);
    memcpy(block, data.data, reader->at);
    request_reader_head(reader, (struct bytes){block, reader->at}, &joined,
                        &head);
    note_head(&head, &moved);
    PANIC_IF(!bytes_equal(buffer_bytes(&text), buffer_bytes(&moved)));
    free(block);
    buffer_deinit(&joined);
    buffer_deinit(&text);
    buffer_deinit(&moved);
}

/* The length of the head; 0 if it is incomplete. */
static size_t check_one(struct bytes data, uint32_t head_max)
{
    struct request_reader whole =
        read_in_steps(data, head_max, data.len, data.len);
    size_t last = data.len < CUTS_MAX ? data.len : CUTS_MAX;
    compare(&whole, read_in_steps(data, head_max, 0, last < CUTS_MAX ? 1 : 7));
    for (size_t cut = 1; cut < last && cut <= whole.at; cut++)
        compare(&whole, read_in_steps(data, head_max, cut, data.len));
    if (request_reader_read(&whole, data) != REQUEST_WHOLE)
        return 0;
    check_moved(&whole, data);
    return whole.at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { SMALL = 4 };
    if (!size || size > 60000)
        return 0;
    uint32_t head_max =
        data[0] % SMALL == SMALL - 1 ? data[0] * SMALL : HEAD_MAX;
    struct bytes rest = {(const char *)data + 1, size - 1};
    for (size_t len; (len = check_one(rest, head_max));)
        rest = bytes_skip(rest, len);
    return 0;
}

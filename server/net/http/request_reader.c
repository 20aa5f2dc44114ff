#include "net/http/request_reader.h"

#include <endian.h>
#include <limits.h>
#include <string.h>

#include "net/http/request_fields.h"
#include "net/http/request_line.h"

/* ---- fields: RFC 9112 section 5 ------------------------------------------ */

static bool has_seen(const struct request_reader *reader,
                     enum request_field field)
{
    return reader->seen >> field & 1;
}

/* RFC 9112 sections 6.1 and 6.3: one way to determine the end of the body. */
static bool begin_framing(struct request_reader *reader)
{
    bool is_coding = reader->field == FIELD_TRANSFER_ENCODING;
    if (is_coding && has_seen(reader, FIELD_TRANSFER_ENCODING))
        request_reject(reader, STATUS_NOT_IMPLEMENTED,
                       "A repeated Transfer-Encoding field is not supported");
    else if (is_coding && reader->minor == 0)
        request_reject(reader, STATUS_BAD,
                       "Transfer-Encoding is not allowed in HTTP/1.0");
    else if (has_seen(reader, is_coding ? FIELD_CONTENT_LENGTH
                                        : FIELD_TRANSFER_ENCODING))
        request_reject(
            reader, STATUS_BAD,
            "Content-Length and Transfer-Encoding exclude each other");
    return reader->state != FAILED;
}

/* The name of a known field was read. */
static bool begin_known(struct request_reader *reader)
{
    const char *twice = request_field_rules[reader->field].twice;
    bool is_length = reader->field == FIELD_CONTENT_LENGTH;
    if (reader->line_count == REQUEST_LINES) {
        request_reject(reader, STATUS_FIELDS_TOO_LARGE,
                       "Too many header fields");
        return false;
    }
    if (twice && has_seen(reader, reader->field)) {
        request_reject(reader, STATUS_BAD, twice);
        return false;
    }
    if (is_length || reader->field == FIELD_TRANSFER_ENCODING)
        if (!begin_framing(reader))
            return false;
    reader->seen |= UINT32_C(1) << reader->field;
    if (is_length)
        reader->allowed = HTTP_DIGIT;
    if (reader->field == FIELD_HOST)
        reader->allowed = HTTP_HOST;
    return true;
}

_Static_assert(REQUEST_FIELDS <= 32, "a bit for each in `seen`");

/* RFC 9110 section 8.6: at least one digit, and no overflow. */
static bool read_length(struct request_reader *reader, struct bytes value)
{
    enum { BASE = 10 };
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned)(value.data[i] - '0');
        if (reader->body_len > (UINT64_MAX - digit) / BASE)
            return false;
        reader->body_len = reader->body_len * BASE + digit;
    }
    return value.len;
}

/* Checks of a complete value. */
static void check_value(struct request_reader *reader, struct bytes value)
{
    if (reader->field == FIELD_CONTENT_LENGTH && !read_length(reader, value))
        request_reject(reader, STATUS_BAD,
                       "Content-Length is not a number, or too large");
    if (reader->field == FIELD_HOST && value.len && !request_is_host(value))
        request_reject(reader, STATUS_BAD,
                       "Host is not a host with an optional port");
    if (reader->field == FIELD_TRANSFER_ENCODING &&
        !(value.len == sizeof "chunked" - 1 &&
          request_list_has(value, "chunked")))
        request_reject(
            reader, STATUS_NOT_IMPLEMENTED,
            "Transfer-Encodings other than chunked are not supported");
}

/* At the value's carriage return. */
static void end_value(struct request_reader *reader, const char *data)
{
    uint32_t len = reader->value_len;
    if (reader->field != FIELD_OTHER) {
        while (len && http_is_blank(data[reader->value_at + len - 1]))
            len--;
        reader->lines[reader->line_count++] = (struct request_field_line){
            .at = reader->value_at, .len = len, .field = reader->field};
        check_value(reader, (struct bytes){data + reader->value_at, len});
        if (reader->state == FAILED)
            return;
    }
    request_go(reader, FIELD_LF);
}

static void reject_value(struct request_reader *reader, const char *data)
{
    char c = data[reader->at];
    const char *why = "A header field value contains a control character";
    if (c == '\n')
        why = "A line feed without a carriage return";
    else if (reader->allowed == HTTP_DIGIT)
        why = "Content-Length contains a character that is not a digit";
    else if (reader->allowed == HTTP_HOST)
        why = "Host contains an invalid character";
    request_reject(reader, STATUS_BAD, why);
}

/* Up to a control character or near the end, eight bytes at a time. */
static uint32_t skip_words(const char *data, uint32_t at, size_t end)
{
    const uint64_t ones = UINT64_MAX / UINT8_MAX;
    const uint64_t tops = ones * 0x80;
    for (uint64_t word; end - at >= sizeof word; at += sizeof word) {
        memcpy(&word, data + at, sizeof word);
        word = le64toh(word);
        uint64_t rubout = word ^ ones * 0x7f;
        uint64_t below_blank = (word - ones * 0x20) & ~word;
        uint64_t is_rubout = (rubout - ones) & ~rubout;
        uint64_t controls = (below_blank | is_rubout) & tops;
        if (controls) /* the lowest is the first, and no false one */
            return at + (uint32_t)__builtin_ctzll(controls) / CHAR_BIT;
    }
    return at;
}

static void read_value(struct request_reader *reader, const char *data,
                       size_t end)
{
    if (reader->allowed == HTTP_TEXT)
        reader->at = skip_words(data, reader->at, end);
    if (!request_skip(reader, data, end, reader->allowed))
        return;
    char c = data[reader->at];
    reader->value_len = reader->at - reader->value_at;
    if (c == '\r')
        end_value(reader, data);
    else if (http_is_blank(c))
        request_go(reader, VALUE_BLANK);
    else
        reject_value(reader, data);
}

static void read_value_start(struct request_reader *reader, const char *data,
                             size_t end)
{
    while (reader->at < end && http_is_blank(data[reader->at]))
        reader->at++;
    if (reader->at == end)
        return;
    reader->value_at = reader->at;
    reader->state = VALUE;
    read_value(reader, data, end);
}

/* After a value that must not contain spaces. */
static void read_value_blank(struct request_reader *reader, const char *data)
{
    char c = data[reader->at];
    if (c == '\r')
        end_value(reader, data);
    else if (http_is_blank(c))
        reader->at++;
    else
        reject_value(reader, data);
}

static void reject_name(struct request_reader *reader, char c)
{
    const char *why = "A header field name contains an invalid character";
    if (http_is_blank(c))
        why = "White space before the colon of a header field";
    if (c == '\r')
        why = "A header field has no colon";
    if (c == '\n')
        why = "A line feed without a carriage return";
    request_reject(reader, STATUS_BAD, why);
}

static void read_name(struct request_reader *reader, const char *data,
                      size_t end)
{
    if (!request_skip(reader, data, end, HTTP_TOKEN))
        return;
    if (data[reader->at] != ':') {
        reject_name(reader, data[reader->at]);
        return;
    }
    struct bytes name = {data + reader->name_at, reader->at - reader->name_at};
    reader->field = (uint8_t)request_field_named(name);
    reader->allowed = HTTP_TEXT;
    if (reader->field != FIELD_OTHER && !begin_known(reader))
        return;
    request_go(reader, VALUE_START);
    read_value_start(reader, data, end);
}

static void read_name_start(struct request_reader *reader, const char *data,
                            size_t end)
{
    char c = data[reader->at];
    reader->name_at = reader->at;
    if (http_is(c, HTTP_TOKEN)) {
        reader->state = NAME;
        read_name(reader, data, end);
    } else if (http_is_blank(c)) {
        request_reject(reader, STATUS_BAD,
                       "A header field begins with white space");
    } else if (c == ':') {
        request_reject(reader, STATUS_BAD, "A header field has no name");
    } else if (c == '\r') {
        request_go(reader, LAST_LF);
    } else {
        reject_name(reader, c);
    }
}

/* ---- all of it ------------------------------------------------------------
 */

/* Section 3.2: HTTP/1.1 names the host. */
static void read_last_lf(struct request_reader *reader, char c)
{
    if (reader->minor && !has_seen(reader, FIELD_HOST))
        request_reject(reader, STATUS_BAD, "The Host field is missing");
    else
        request_expect(reader, c == '\n', WHOLE,
                       "A carriage return without a line feed");
}

static void read_fields(struct request_reader *reader, const char *data,
                        size_t end)
{
    switch ((enum request_state)reader->state) {
    case NAME_START:
        read_name_start(reader, data, end);
        break;
    case NAME:
        read_name(reader, data, end);
        break;
    case VALUE_START:
        read_value_start(reader, data, end);
        break;
    case VALUE:
        read_value(reader, data, end);
        break;
    case VALUE_BLANK:
        read_value_blank(reader, data);
        break;
    case LAST_LF:
        read_last_lf(reader, data[reader->at]);
        break;
    default: /* FIELD_LF */
        request_expect(reader, data[reader->at] == '\n', NAME_START,
                       "A carriage return without a line feed");
        break;
    }
}

static void reject_size(struct request_reader *reader)
{
    if (reader->state > BEFORE_LF && reader->state < NAME_START)
        request_reject(reader, STATUS_URI_TOO_LONG,
                       "The request line is too long");
    else
        request_reject(reader, STATUS_FIELDS_TOO_LARGE,
                       "The request headers are too long");
}

enum request_result request_reader_read(struct request_reader *reader,
                                        struct bytes data)
{
    size_t end = data.len < reader->head_max ? data.len : reader->head_max;
    while (reader->state < NAME_START && reader->at < end)
        request_line_read(reader, data.data, end);
    while (reader->state < WHOLE && reader->at < end)
        read_fields(reader, data.data, end);
    if (reader->state < WHOLE && reader->at >= reader->head_max)
        reject_size(reader);
    if (reader->state == FAILED)
        return REQUEST_BAD;
    return reader->state == WHOLE ? REQUEST_WHOLE : REQUEST_MORE;
}

/* ---- the head as plain data ------------------------------------------------
 */

static struct bytes part(struct bytes data, uint32_t at, uint32_t len)
{
    return (struct bytes){data.data + at, len};
}

static void set_target(const struct request_reader *reader, struct bytes data,
                       struct request_head *head)
{
    head->method = part(data, reader->method_at, reader->method_len);
    head->path = part(data, reader->path_at, reader->path_len);
    if (reader->has_query)
        head->query = part(data, reader->query_at, reader->query_len);
    else if (!reader->path_len &&
             bytes_equal(head->method, BYTES_LITERAL("OPTIONS")))
        head->path = BYTES_LITERAL("*"); /* RFC 9112 section 3.2.4 */
    if (!head->path.len)
        head->path = BYTES_LITERAL("/");
}

/* Forwarded ends each line, so that a quote in one does not reach the next. */
static bool is_joined(const struct request_head *head, size_t field)
{
    return head->counts[field] > 1 ||
           (field == FIELD_FORWARDED && head->counts[field]);
}

static struct bytes join(const struct request_reader *reader, struct bytes data,
                         size_t field, struct buffer *joined)
{
    size_t start = joined->len;
    const char *joint = request_field_rules[field].joint;
    for (size_t i = 0; i < reader->line_count; i++) {
        const struct request_field_line *line = &reader->lines[i];
        if (line->field != field)
            continue;
        buffer_append(joined, part(data, line->at, line->len));
        buffer_append_text(joined, joint);
    }
    size_t last = field == FIELD_FORWARDED ? 0 : strlen(joint);
    return (struct bytes){joined->data + start, joined->len - start - last};
}

static bool has_joined(const struct request_reader *reader,
                       const struct request_head *head)
{
    for (size_t i = 0; i < reader->line_count; i++)
        if (is_joined(head, reader->lines[i].field))
            return true;
    return false;
}

/* Reserves the whole room first, so that values do not move. */
static void join_fields(const struct request_reader *reader, struct bytes data,
                        struct buffer *joined, struct request_head *head)
{
    buffer_reserve(joined, reader->at + REQUEST_LINES * sizeof ", ");
    for (size_t field = 0; field < REQUEST_FIELDS; field++)
        if (is_joined(head, field))
            head->fields[field] = join(reader, data, field, joined);
}

static void set_fields(const struct request_reader *reader, struct bytes data,
                       struct buffer *joined, struct request_head *head)
{
    for (size_t i = reader->line_count; i-- > 0;) {
        const struct request_field_line *line = &reader->lines[i];
        head->fields[line->field] = part(data, line->at, line->len);
        head->counts[line->field]++;
    }
    if (has_joined(reader, head))
        join_fields(reader, data, joined, head);
    if (reader->authority_len) /* RFC 9112 section 3.2.2 */
        head->fields[FIELD_HOST] =
            part(data, reader->authority_at, reader->authority_len);
}

/* HTTP/1.0 has neither upgrades nor interim responses (RFC 9110 sections
 * 7.8 and 10.1.1). */
static void set_wishes(struct request_head *head)
{
    struct bytes connection = head->fields[FIELD_CONNECTION];
    struct bytes expect = head->fields[FIELD_EXPECT];
    head->wants_close = request_list_has(connection, "close");
    head->wants_keep_alive = request_list_has(connection, "keep-alive");
    head->wants_upgrade =
        head->minor && request_list_has(connection, "upgrade");
    head->expects_continue =
        head->minor && request_list_has(expect, "100-continue");
}

void request_reader_head(const struct request_reader *reader, struct bytes data,
                         struct buffer *joined, struct request_head *head)
{
    *head = (struct request_head){
        .minor = reader->minor,
        .has_length = has_seen(reader, FIELD_CONTENT_LENGTH),
        .is_chunked = has_seen(reader, FIELD_TRANSFER_ENCODING),
        .body_len = reader->body_len,
    };
    set_target(reader, data, head);
    set_fields(reader, data, joined, head);
    set_wishes(head);
}

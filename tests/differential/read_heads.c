/* Reads inputs from stdin, each after its length (four bytes, big-endian), and
 * writes a line of JSON for each: the requests that Peal finds in it, with
 * their bodies, and how the input ends. Bytes become code points with the same
 * number. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "net/http/body_reader.h"
#include "net/http/request_fields.h"
#include "net/http/request_reader.h"

enum { HEAD_MAX = 16384 };

static void append_text(struct buffer *out, struct bytes text)
{
    buffer_append_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < ' ' || c > '~' || c == '"' || c == '\\')
            buffer_append_format(out, "\\u%04x", c);
        else
            buffer_append_char(out, (char)c);
    }
    buffer_append_char(out, '"');
}

static void append_named(struct buffer *out, const char *name,
                         struct bytes value)
{
    buffer_append_format(out, "\"%s\":", name);
    if (value.data)
        append_text(out, value);
    else
        buffer_append_text(out, "null");
    buffer_append_char(out, ',');
}

static void append_fields(struct buffer *out, const struct request_head *head)
{
    const char *between = "";
    buffer_append_text(out, "\"fields\":{");
    for (size_t i = 0; i < REQUEST_FIELDS; i++) {
        if (!head->fields[i].data)
            continue;
        buffer_append_format(out, "%s\"%s\":", between,
                             request_field_rules[i].name.data);
        append_text(out, head->fields[i]);
        between = ",";
    }
    buffer_append_text(out, "},");
}

static void append_head(struct buffer *out, const struct request_head *head)
{
    append_named(out, "method", head->method);
    append_named(out, "path", head->path);
    append_named(out, "query", head->query);
    append_fields(out, head);
    buffer_append_format(
        out, "\"minor\":%d,\"upgrade\":%d,\"close\":%d,\"keep_alive\":%d,",
        head->minor, head->wants_upgrade, head->wants_close,
        head->wants_keep_alive);
}

/* The readers of an input, and their progress. */
struct run {
    struct bytes data;
    size_t at;
    size_t start;          /* of the current head or body */
    struct buffer starts;  /* of all heads */
    enum body_result body; /* of the last request */
    struct request_fault fault;
    struct buffer out;
};

static struct bytes rest_of(const struct run *run)
{
    return bytes_skip(run->data, run->at);
}

static void read_body(struct run *run, const struct request_head *head)
{
    struct body_reader reader;
    struct buffer body = {0};
    run->start = run->at;
    body_reader_begin(&reader, head->is_chunked, head->body_len);
    do {
        size_t taken;
        struct bytes piece;
        run->body = body_reader_next(&reader, rest_of(run), &taken, &piece);
        buffer_append(&body, piece);
        run->at += taken;
    } while (run->body == BODY_PIECE);
    if (run->body == BODY_BAD)
        run->fault = (struct request_fault){400, "body"};
    buffer_append_format(&run->out, "\"whole\":%s,\"body\":",
                         run->body == BODY_END ? "true" : "false");
    append_text(&run->out, buffer_bytes(&body));
    buffer_deinit(&body);
}

/* False if there is no further request. */
static bool read_request(struct run *run, bool is_first)
{
    struct request_reader reader = {.head_max = HEAD_MAX};
    struct request_head head;
    struct buffer joined = {0};
    struct bytes data = rest_of(run);
    run->start = run->at;
    buffer_append_format(&run->starts, is_first ? "%zu" : ",%zu", run->at);
    enum request_result result = request_reader_read(&reader, data);
    run->at += reader.at;
    if (result != REQUEST_WHOLE) {
        run->fault = reader.fault;
        return false;
    }
    request_reader_head(&reader, data, &joined, &head);
    buffer_append_text(&run->out, is_first ? "{" : ",{");
    append_head(&run->out, &head);
    read_body(run, &head);
    buffer_append_char(&run->out, '}');
    buffer_deinit(&joined);
    return run->body == BODY_END;
}

static void read_input(struct bytes data)
{
    struct run run = {.data = data};
    buffer_append_text(&run.out, "{\"requests\":[");
    for (bool is_first = true; read_request(&run, is_first);)
        is_first = false;
    buffer_append_format(&run.out, "],\"starts\":[%s],\"start\":%zu,",
                         buffer_text(&run.starts), run.start);
    buffer_append_format(&run.out, "\"at\":%zu,\"status\":%d,\"why\":", run.at,
                         run.fault.status);
    append_text(&run.out, bytes_of(run.fault.why));
    buffer_append_text(&run.out, "}\n");
    fwrite(run.out.data, 1, run.out.len, stdout);
    buffer_deinit(&run.starts);
    buffer_deinit(&run.out);
}

int main(void)
{
    unsigned char length[4];
    while (fread(length, 1, sizeof length, stdin) == sizeof length) {
        size_t len = (size_t)length[0] << 24 | (size_t)length[1] << 16 |
                     (size_t)length[2] << 8 | length[3];
        char *data = memory_new(len ? len : 1, 1);
        PANIC_IF(fread(data, 1, len, stdin) != len);
        read_input((struct bytes){data, len});
        free(data);
    }
    return EXIT_SUCCESS;
}

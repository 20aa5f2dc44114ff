#include "api/survey_answer.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "messaging/names.h"

/* One instance's answer; `rows` is a JSON array. */
struct part {
    uint64_t total;
    struct bytes rows;
};

static bool read_part(const char *text, struct part *part)
{
    struct json_slot slots[] = {{.name = "total"}, {.name = "rows"}};
    const char *why;
    if (!json_scan_object(bytes_of(text), slots, 2, &why) ||
        !json_decode_whole(slots[0].raw, &part->total) || !slots[1].raw.len ||
        slots[1].raw.data[0] != '[')
        return false;
    part->rows = slots[1].raw;
    return true;
}

/* Two numbers show whether the answer is complete. */
static void append_instances(const struct request *request, uint32_t answered,
                             struct buffer *out)
{
    buffer_append_format(out, ",\"instances\":%u,\"answered\":%u}",
                         request->instances, answered);
}

/* Only the channels that may be listed; they are last in a row. */
static void append_within(struct bytes row, const struct text_list *reach,
                          struct buffer *out)
{
    struct json_slot slots[] = {{.name = "channelCount"}, {.name = "channels"}};
    struct buffer names = {0};
    struct bytes name;
    const char *why;
    uint32_t count = 0;
    if (!json_scan_object(row, slots, 2, &why) || !slots[0].raw.len ||
        !slots[1].raw.len || slots[1].raw.data < slots[0].raw.data)
        return;
    struct bytes rest = slots[1].raw;
    while (json_next_element(&rest, &name)) {
        char text[CHANNEL_NAME_MAX];
        struct bytes decoded;
        if (!channel_name_decode(name, text, &decoded, NULL) ||
            !name_matches_any(reach, decoded))
            continue;
        buffer_append_text(&names, count++ ? "," : "");
        buffer_append(&names, name);
    }
    buffer_append(
        out, (struct bytes){row.data, (size_t)(slots[0].raw.data - row.data)});
    buffer_append_format(out, "%u,\"channels\":[", count);
    buffer_append(out, buffer_bytes(&names));
    buffer_append_text(out, "]}");
    buffer_deinit(&names);
}

static void append_row(const struct request *request, struct bytes row,
                       struct buffer *out)
{
    if (request->reach)
        append_within(row, request->reach, out);
    else
        buffer_append(out, row);
}

void survey_answer_write_client(const struct request *request,
                                struct buffer *out)
{
    struct buffer rows = {0};
    struct part part;
    struct bytes row;
    uint64_t total = 0;
    uint32_t answered = 0;
    for (size_t i = 0; i < request->name_count; i++) {
        if (!read_part(request->names[i], &part))
            continue;
        answered++;
        total += part.total;
        while (json_next_element(&part.rows, &row)) {
            buffer_append_text(&rows, rows.len ? "," : "");
            append_row(request, row, &rows);
        }
    }
    buffer_append_text(out, "{\"client\":");
    buffer_append_json_string(out, bytes_of(request->client));
    buffer_append_text(out, ",\"connectionCount\":");
    buffer_append_uint(out, total);
    buffer_append_text(out, ",\"connections\":[");
    buffer_append(out, buffer_bytes(&rows));
    buffer_append_char(out, ']');
    append_instances(request, answered, out);
    buffer_deinit(&rows);
}

/* ---- refusals ------------------------------------------------------------ */

struct row {
    uint64_t time;
    size_t place; /* each instance's rows are in order */
    struct bytes text;
};

struct rows {
    struct row *items;
    size_t count;
    uint64_t total;
    uint32_t answered;
};

static bool is_within(struct bytes channel, const struct text_list *reach)
{
    char text[CHANNEL_NAME_MAX];
    struct bytes name;
    return !reach || !channel.len ||
           (channel_name_decode(channel, text, &name, NULL) &&
            name_matches_any(reach, name));
}

static void add_row(struct rows *rows, struct bytes text,
                    const struct text_list *reach)
{
    struct json_slot slots[] = {{.name = "time"}, {.name = "channel"}};
    struct row row = {.place = rows->count, .text = text};
    const char *why;
    if (!json_scan_object(text, slots, 2, &why) ||
        !json_decode_whole(slots[0].raw, &row.time))
        return;
    if (!is_within(slots[1].raw, reach)) {
        rows->total -= rows->total > 0;
        return;
    }
    rows->items =
        memory_resize(rows->items, rows->count + 1, sizeof *rows->items);
    rows->items[rows->count++] = row;
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
    if (x->time != y->time)
        return x->time < y->time ? 1 : -1;
    return x->place < y->place ? -1 : 1;
}

static struct rows read_rows(const struct request *request)
{
    struct rows rows = {0};
    struct part part;
    struct bytes row;
    for (size_t i = 0; i < request->name_count; i++) {
        if (!read_part(request->names[i], &part))
            continue;
        rows.answered++;
        rows.total += part.total;
        while (json_next_element(&part.rows, &row))
            add_row(&rows, row, request->reach);
    }
    if (rows.count)
        qsort(rows.items, rows.count, sizeof *rows.items, compare_rows);
    return rows;
}

void survey_answer_write_refusals(const struct request *request,
                                  struct buffer *out)
{
    struct rows rows = read_rows(request);
    size_t shown = rows.count < request->limit ? rows.count : request->limit;
    buffer_append_text(out, "{\"refusals\":[");
    for (size_t i = 0; i < shown; i++) {
        buffer_append_text(out, i ? "," : "");
        buffer_append(out, rows.items[i].text);
    }
    buffer_append_format(out, "],\"more\":%s",
                         shown < rows.total ? "true" : "false");
    append_instances(request, rows.answered, out);
    free(rows.items);
}

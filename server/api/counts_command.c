#include "api/counts_command.h"

#include <stdlib.h>

#include "api/field.h"
#include "base/memory.h"
#include "messaging/bus.h"
#include "messaging/names.h"
#include "messaging/watch/survey.h"

enum { AT_ONCE = 64 };

struct count {
    char name[CHANNEL_NAME_MAX + 1];
    uint64_t connections;
    uint64_t members;
    bool has_members;
};

struct counts {
    struct api_call *call;
    uint32_t part;
    bool with_connections;
    bool with_members;
    enum fault fault;
    struct count *items;
    size_t count;
    size_t capacity;
    size_t next; /* whose members are requested next */
    size_t open; /* member queries in progress */
    bool has_patterns;
};

static void add(struct counts *counts, struct bytes name, uint64_t connections)
{
    if (counts->count == counts->capacity) {
        counts->capacity = counts->capacity ? 2 * counts->capacity : 16;
        counts->items = memory_resize(counts->items, counts->capacity,
                                      sizeof *counts->items);
    }
    struct count *item = &counts->items[counts->count++];
    *item = (struct count){.connections = connections};
    memcpy(item->name, name.data, name.len);
}

/* ---- the answer ---------------------------------------------------------- */

static void write_count(const struct counts *counts, const struct count *item,
                        struct buffer *out)
{
    buffer_append_format(out, "{\"channel\":\"%s\"", item->name);
    if (counts->with_connections) {
        buffer_append_text(out, ",\"connections\":");
        buffer_append_uint(out, item->connections);
    }
    if (item->has_members) {
        buffer_append_text(out, ",\"members\":");
        buffer_append_uint(out, item->members);
    }
    buffer_append_char(out, '}');
}

static void write_answer(struct counts *counts)
{
    struct call_part *part = &counts->call->parts[counts->part];
    buffer_append_text(&part->text, "{\"counts\":[");
    for (size_t i = 0; i < counts->count; i++) {
        buffer_append_text(&part->text, i ? "," : "");
        write_count(counts, &counts->items[i], &part->text);
    }
    buffer_append_text(&part->text, "]}");
    part->status = 200;
    if (counts->call->is_list)
        call_weigh(counts->call, counts->part, 0);
}

static void finish(struct counts *counts)
{
    struct api_call *call = counts->call;
    if (counts->fault == FAULT_NONE)
        write_answer(counts);
    else
        call_refuse(call, counts->part, 503, NULL,
                    fault_info(counts->fault)->text);
    free(counts->items);
    free(counts);
    call->is_asking = false;
    if (call->go_on)
        call->go_on(call);
    call_settle(call);
}

/* ---- members ------------------------------------------------------------- */

static void ask_for_members(struct counts *counts);

static void on_presence(struct worker *worker, struct request *request)
{
    struct counts *counts = request->call;
    struct count *item = &counts->items[request->part];
    (void)worker;
    if (request->fault == FAULT_NONE) {
        item->has_members = true;
        item->members = request->member_total;
    } else if (request->fault != FAULT_NO_PRESENCE) {
        counts->fault = request->fault;
        counts->next = counts->count;
    }
    counts->open--;
    ask_for_members(counts);
}

static void ask_for_members(struct counts *counts)
{
    const struct bytes none = {0};
    struct worker *worker = counts->call->worker;
    while (counts->open < AT_ONCE && counts->next < counts->count) {
        struct request *request =
            request_new(REQUEST_PRESENCE,
                        bytes_of(counts->items[counts->next].name), none, none);
        request->done = on_presence;
        request->worker = worker;
        request->call = counts;
        request->part = (uint32_t)counts->next++;
        request->limit = 0;
        counts->open++;
        bus_submit(worker->instance->bus, request);
    }
    if (!counts->open)
        finish(counts);
}

/* ---- subscribers --------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const struct count *x = a;
    const struct count *y = b;
    return strcmp(x->name, y->name);
}

/* Sums up the counts of several instances. */
static void merge(struct counts *counts)
{
    size_t kept = 0;
    if (counts->count)
        qsort(counts->items, counts->count, sizeof *counts->items, compare);
    for (size_t i = 0; i < counts->count; i++) {
        struct count *item = &counts->items[i];
        if (kept && !compare(&counts->items[kept - 1], item))
            counts->items[kept - 1].connections += item->connections;
        else
            counts->items[kept++] = *item;
    }
    counts->count = kept;
}

static void read_rows(struct counts *counts, struct bytes answer)
{
    struct json_slot rows = {.name = "rows"};
    struct bytes row;
    const char *why;
    if (!json_scan_object(answer, &rows, 1, &why))
        return;
    while (json_next_element(&rows.raw, &row)) {
        struct json_slot slots[] = {{.name = "channel"},
                                    {.name = "connections"}};
        char text[CHANNEL_NAME_MAX];
        struct bytes name;
        uint64_t connections;
        if (json_scan_object(row, slots, 2, &why) &&
            channel_name_decode(slots[0].raw, text, &name, NULL) &&
            json_decode_whole(slots[1].raw, &connections))
            add(counts, name, connections);
    }
}

static void on_surveyed(struct worker *worker, struct request *request)
{
    struct counts *counts = request->call;
    (void)worker;
    counts->fault = request->fault;
    for (size_t i = 0; i < request->name_count; i++)
        read_rows(counts, bytes_of(request->names[i]));
    merge(counts);
    if (!counts->with_members || counts->fault != FAULT_NONE)
        counts->next = counts->count;
    ask_for_members(counts);
}

/* ---- asking -------------------------------------------------------------- */

static bool is_listed(const struct counts *counts, struct bytes name)
{
    for (size_t i = 0; i < counts->count; i++)
        if (bytes_equal(bytes_of(counts->items[i].name), name))
            return true;
    return false;
}

/* Removes duplicates, because counts are summed up. */
static bool read_channels(struct counts *counts, struct bytes list,
                          struct buffer *about)
{
    struct bytes raw;
    while (json_next_element(&list, &raw)) {
        char text[CHANNEL_NAME_MAX + 1] = "";
        struct bytes name = {text, 0};
        if (!json_decode_string(raw, text, CHANNEL_NAME_MAX, &name.len) ||
            !channel_pattern_is_valid(text))
            return false;
        bool is_pattern = text[name.len - 1] == '*';
        if (!is_pattern && is_listed(counts, name))
            continue;
        counts->has_patterns |= is_pattern;
        if (!is_pattern)
            add(counts, name, 0);
        buffer_append_text(about, about->len ? "\n" : "");
        buffer_append(about, name);
    }
    return about->len > 0;
}

/* Surveys every instance, unless only members of known names are wanted. */
static void ask(struct counts *counts, struct bytes about)
{
    struct api_call *call = counts->call;
    call->pending++;
    call->is_asking = true;
    if (!counts->with_connections && !counts->has_patterns) {
        ask_for_members(counts);
        return;
    }
    struct request *request =
        request_new_survey(SURVEY_CHANNELS, (struct bytes){0}, about);
    request->done = on_surveyed;
    request->worker = call->worker;
    request->call = counts;
    bus_submit(call->worker->instance->bus, request);
}

void counts_command_run(struct api_call *call, uint32_t part,
                        const struct json_slot *slots)
{
    struct buffer about = {0};
    struct counts *counts = memory_new(1, sizeof *counts);
    counts->call = call;
    counts->part = part;
    counts->with_connections = slots[FIELD_CONNECTIONS].raw.len;
    counts->with_members = slots[FIELD_MEMBERS].raw.len;
    if (read_channels(counts, slots[FIELD_CHANNELS].raw, &about)) {
        ask(counts, buffer_bytes(&about));
    } else {
        field_refuse(call, part, FIELD_CHANNELS, "must be a list of channels");
        free(counts->items);
        free(counts);
    }
    buffer_deinit(&about);
}

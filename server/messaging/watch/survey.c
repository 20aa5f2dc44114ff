#include "messaging/watch/survey.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "messaging/channel.h"
#include "messaging/clients.h"
#include "messaging/hub.h"
#include "messaging/names.h"
#include "messaging/refusal_log.h"
#include "messaging/subscription.h"
#include "messaging/watch/overview.h"
#include "messaging/worker.h"

/* Filled by one worker. */
struct survey_part {
    struct survey *survey;
    struct worker *worker;
    uint32_t total;
    uint32_t row_count;
    struct buffer rows;
};

struct survey {
    const struct instance *instance;
    survey_done *done;
    void *arg;
    char client[CLIENT_ID_MAX + 1];
    _Atomic uint32_t open; /* parts that are not finished */
    uint32_t part_count;
    struct survey_part parts[];
};

/* ---- a row --------------------------------------------------------------- */

static void append_text(struct buffer *out, const char *name, const char *text)
{
    buffer_append_format(out, ",\"%s\":", name);
    buffer_append_json_string(out, bytes_of(text));
}

static void append_number(struct buffer *out, const char *name, uint64_t number)
{
    buffer_append_format(out, ",\"%s\":", name);
    buffer_append_uint(out, number);
}

static void append_channels(const struct connection *connection,
                            struct buffer *out)
{
    const struct subscription *all = subscription_first(connection);
    uint32_t count = connection->subscription_count;
    append_number(out, "channelCount", count);
    buffer_append_text(out, ",\"channels\":[");
    for (uint32_t i = 0; i < count && i < SURVEY_CHANNELS_SHOWN; i++) {
        buffer_append_text(out, i ? "," : "");
        buffer_append_json_string(out, bytes_of(all[i].channel->name));
    }
    buffer_append_char(out, ']');
}

static void write_row(const struct connection *connection, struct buffer *out)
{
    const struct worker *worker = connection->worker;
    char address[IP_ADDRESS_TEXT] = "";
    uint64_t age_ms = clock_steady_ms() - connection->opened_ms;
    if (connection->transport->address)
        connection->transport->address(connection, address);
    buffer_append_format(out, "{\"id\":\"%u-%llx\"", worker->index,
                         (unsigned long long)connection->handle);
    append_text(out, "instance", worker->instance->overview->name);
    append_text(out, "address", address);
    append_text(out, "protocol", connection->protocol->name);
    append_number(out, "since", (uint64_t)clock_wall_ms() - age_ms);
    append_number(out, "queueBytes", outbox_bytes(&connection->outbox));
    append_channels(connection, out);
    buffer_append_char(out, '}');
}

static void visit(void *arg, const struct connection *connection)
{
    struct survey_part *part = arg;
    if (!connection->is_open)
        return;
    part->total++;
    if (part->row_count >= SURVEY_ROWS_MAX)
        return;
    if (part->row_count++)
        buffer_append_char(&part->rows, ',');
    write_row(connection, &part->rows);
}

/* ---- the whole ----------------------------------------------------------- */

static void append_parts(const struct survey *survey, struct buffer *out)
{
    uint32_t rows = 0;
    buffer_append_text(out, ",\"rows\":[");
    for (uint32_t i = 0; i < survey->part_count; i++) {
        const struct survey_part *part = &survey->parts[i];
        if (!part->row_count || rows + part->row_count > SURVEY_ROWS_MAX)
            continue;
        buffer_append_text(out, rows ? "," : "");
        buffer_append(out, buffer_bytes(&part->rows));
        rows += part->row_count;
    }
    buffer_append_text(out, "]}");
}

static void finish(struct survey *survey)
{
    struct buffer answer = {0};
    uint32_t total = 0;
    for (uint32_t i = 0; i < survey->part_count; i++)
        total += survey->parts[i].total;
    buffer_append_format(&answer, "{\"total\":%u", total);
    append_parts(survey, &answer);
    survey->done(survey->arg, buffer_bytes(&answer));
    for (uint32_t i = 0; i < survey->part_count; i++)
        buffer_deinit(&survey->parts[i].rows);
    buffer_deinit(&answer);
    free(survey);
}

static void run_part(void *subject, void *object)
{
    struct survey_part *part = subject;
    struct survey *survey = part->survey;
    (void)object;
    clients_visit(survey->instance->clients, survey->client, part->worker,
                  visit, part);
    if (atomic_fetch_sub(&survey->open, 1) == 1)
        finish(survey);
}

static void tell_refusals(const struct instance *instance, struct bytes client,
                          struct bytes about, survey_done *done, void *arg)
{
    char text[IP_ADDRESS_TEXT + 4] = "";
    struct buffer rows = {0};
    struct buffer answer = {0};
    struct refusal_filter filter = {.client = client,
                                    .has_range = about.len > 0};
    bool is_good = about.len < sizeof text;
    if (is_good && about.len)
        memcpy(text, about.data, about.len);
    is_good &= !about.len || ip_range_parse(text, &filter.range);
    uint32_t total = is_good ? refusal_log_write(instance->refusal_log, &filter,
                                                 instance->overview->name,
                                                 SURVEY_REFUSALS_MAX, &rows)
                             : 0;
    buffer_append_format(&answer, "{\"total\":%u,\"rows\":[", total);
    buffer_append(&answer, buffer_bytes(&rows));
    buffer_append_text(&answer, "]}");
    done(arg, buffer_bytes(&answer));
    buffer_deinit(&rows);
    buffer_deinit(&answer);
}

/* ---- channels ------------------------------------------------------------ */

struct channel_rows {
    struct bytes prefix;
    uint32_t total;
    struct buffer rows;
};

static void add_channel(void *arg, const char *name, uint32_t listeners)
{
    struct channel_rows *rows = arg;
    if (!bytes_start_with(bytes_of(name), rows->prefix) ||
        rows->total++ >= SURVEY_NAMES_MAX)
        return;
    buffer_append_format(&rows->rows, "%s{\"channel\":\"%s\"",
                         rows->rows.len ? "," : "", name);
    append_number(&rows->rows, "connections", listeners);
    buffer_append_char(&rows->rows, '}');
}

/* An entry of the list: a name, or a prefix. */
static void add_channels(const struct instance *instance, struct bytes pattern,
                         struct channel_rows *rows)
{
    char name[CHANNEL_NAME_MAX + 1] = "";
    rows->prefix = pattern;
    if (!pattern.len || pattern.len > CHANNEL_NAME_MAX)
        return;
    if (pattern.data[pattern.len - 1] == '*') {
        rows->prefix.len--;
        hub_each(instance->hub, add_channel, rows);
        return;
    }
    uint32_t listeners = hub_count_listeners(instance->hub, pattern);
    memcpy(name, pattern.data, pattern.len);
    if (listeners && channel_name_is_valid(pattern))
        add_channel(rows, name, listeners);
}

static void tell_channels(const struct instance *instance, struct bytes list,
                          survey_done *done, void *arg)
{
    struct channel_rows rows = {0};
    struct buffer answer = {0};
    while (list.len) {
        const char *end = memchr(list.data, '\n', list.len);
        size_t len = end ? (size_t)(end - list.data) : list.len;
        add_channels(instance, (struct bytes){list.data, len}, &rows);
        list = bytes_skip(list, len + (end != NULL));
    }
    buffer_append_format(&answer, "{\"total\":%u,\"rows\":[", rows.total);
    buffer_append(&answer, buffer_bytes(&rows.rows));
    buffer_append_text(&answer, "]}");
    done(arg, buffer_bytes(&answer));
    buffer_deinit(&rows.rows);
    buffer_deinit(&answer);
}

void survey_begin(const struct instance *instance, enum survey_kind kind,
                  struct bytes client, struct bytes about, survey_done *done,
                  void *arg)
{
    if (kind == SURVEY_REFUSALS) {
        tell_refusals(instance, client, about, done, arg);
        return;
    }
    if (kind == SURVEY_CHANNELS) {
        tell_channels(instance, about, done, arg);
        return;
    }
    unsigned count = hub_worker_count(instance->hub);
    struct survey *survey =
        memory_new(1, sizeof *survey + count * sizeof survey->parts[0]);
    survey->instance = instance;
    survey->done = done;
    survey->arg = arg;
    survey->part_count = count;
    atomic_init(&survey->open, count);
    PANIC_IF(client.len > CLIENT_ID_MAX);
    memcpy(survey->client, client.data, client.len);
    for (unsigned i = 0; i < count; i++)
        survey->parts[i] = (struct survey_part){
            .survey = survey, .worker = hub_worker(instance->hub, i)};
    /* the last one may free it while this loop is running */
    for (unsigned i = 0; i < count; i++)
        inbox_post(&hub_worker(instance->hub, i)->inbox,
                   (struct inbox_item){run_part, &survey->parts[i], NULL});
}

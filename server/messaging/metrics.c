#include "messaging/metrics.h"

#include "base/clock.h"

struct row {
    const char *kind;
    const char *exposed;
    const char *label;
    const char *help;
};

static const struct row rows[METRIC_COUNT] = {
#define METRIC_ROW(name, kind, exposed, label, help)                           \
    [METRIC_##name] = {kind, exposed, label, help},
    METRICS(METRIC_ROW)
#undef METRIC_ROW
};

static const struct distribution_row {
    const char *exposed;
    enum distribution_unit unit;
    const char *help;
} distributions[DISTRIBUTION_COUNT] = {
#define DISTRIBUTION_ROW(name, exposed, unit, help)                            \
    [DISTRIBUTION_##name] = {exposed, unit, help},
    DISTRIBUTIONS(DISTRIBUTION_ROW)
#undef DISTRIBUTION_ROW
};

void metrics_observe(struct metrics *metrics, enum metric_distribution which,
                     uint64_t value)
{
    distribution_add(&metrics->distributions[which], distributions[which].unit,
                     value);
}

void metrics_note_thread(struct metrics *metrics, uint64_t late_ns)
{
    metrics_observe(metrics, DISTRIBUTION_LOOP_LAG, late_ns);
    atomic_store_explicit(&metrics->cpu_ns, clock_thread_ns(),
                          memory_order_relaxed);
}

uint64_t metrics_sum(const struct metrics *const *all, size_t count,
                     enum metric metric)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum +=
            atomic_load_explicit(&all[i]->cells[metric], memory_order_relaxed);
    return sum;
}

static uint64_t sum_closes(const struct metrics *const *all, size_t count,
                           enum close_reason reason)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum +=
            atomic_load_explicit(&all[i]->closes[reason], memory_order_relaxed);
    return sum;
}

/* The first row of a name has the help and type of the following ones. */
static void write_head(const struct row *row, struct buffer *out)
{
    if (row->help[0])
        buffer_append_format(out, "# HELP peal_%s %s\n# TYPE peal_%s %s\n",
                             row->exposed, row->help, row->exposed, row->kind);
}

static void write_closes(const struct metrics *const *all, size_t count,
                         struct buffer *out)
{
    buffer_append_text(out, "# HELP peal_closes_total WebSockets closed.\n"
                            "# TYPE peal_closes_total counter\n");
    for (enum close_reason i = CLOSE_NONE + 1; i < CLOSE_REASON_COUNT; i++)
        buffer_append_format(out, "peal_closes_total{reason=\"%s\"} %llu\n",
                             close_reason_info(i)->name,
                             (unsigned long long)sum_closes(all, count, i));
}

uint64_t metrics_sum_faults(const struct metrics *const *all, size_t count,
                            enum fault fault)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum +=
            atomic_load_explicit(&all[i]->faults[fault], memory_order_relaxed);
    return sum;
}

static void write_faults(const struct metrics *const *all, size_t count,
                         struct buffer *out)
{
    buffer_append_text(out, "# HELP peal_errors_sent_total Error messages sent "
                            "to clients, by code.\n"
                            "# TYPE peal_errors_sent_total counter\n");
    for (enum fault i = FAULT_NONE + 1; i < FAULT_COUNT; i++)
        buffer_append_format(
            out, "peal_errors_sent_total{code=\"%s\"} %llu\n",
            fault_info(i)->code,
            (unsigned long long)metrics_sum_faults(all, count, i));
}

static uint64_t sum_refusals(const struct metrics *const *all, size_t count,
                             enum refusal_kind kind, enum refusal_reason reason)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += atomic_load_explicit(&all[i]->refusals[kind][reason],
                                    memory_order_relaxed);
    return sum;
}

static void write_refusals(const struct metrics *const *all, size_t count,
                           enum refusal_kind kind, struct buffer *out)
{
    static const struct {
        const char *exposed;
        const char *help;
    } kinds[REFUSAL_KIND_COUNT] = {
        [REFUSED_HANDSHAKE] = {"handshakes_refused_total",
                               "WebSocket handshakes refused."},
        [REFUSED_API_REQUEST] =
            {"api_refused_total",
             "API requests refused because of their key or address."},
        [REFUSED_REFRESH] = {"refreshes_refused_total",
                             "Token refreshes refused on open connections."},
        [REFUSED_OPERATION] =
            {"operations_refused_total",
             "Client operations refused by their token or the application."},
    };
    const char *exposed = kinds[kind].exposed;
    buffer_append_format(out, "# HELP peal_%s %s\n# TYPE peal_%s counter\n",
                         exposed, kinds[kind].help, exposed);
    for (enum refusal_reason i = REFUSAL_NONE + 1; i < REFUSAL_REASON_COUNT;
         i++)
        if (refusal_reason_fits(i, kind))
            buffer_append_format(
                out, "peal_%s{reason=\"%s\"} %llu\n", exposed,
                refusal_reason_info(i)->name,
                (unsigned long long)sum_refusals(all, count, kind, i));
}

static void write_distribution(const struct metrics *const *all, size_t count,
                               enum metric_distribution which,
                               struct buffer *out)
{
    const struct distribution_row *row = &distributions[which];
    struct distribution total = {0};
    for (size_t i = 0; i < count; i++)
        distribution_merge(&total, &all[i]->distributions[which]);
    buffer_append_format(out, "# HELP peal_%s %s\n# TYPE peal_%s histogram\n",
                         row->exposed, row->help, row->exposed);
    distribution_write(&total, row->exposed, row->unit, out);
}

static void write_threads(const struct metrics *const *all, size_t count,
                          struct buffer *out)
{
    buffer_append_text(
        out, "# HELP peal_thread_cpu_seconds_total CPU time of each thread, "
             "updated every second; a rate of 1 is a full core.\n"
             "# TYPE peal_thread_cpu_seconds_total counter\n");
    for (size_t i = 0; i < count; i++) {
        uint64_t ns =
            atomic_load_explicit(&all[i]->cpu_ns, memory_order_relaxed);
        if (all[i]->thread[0])
            buffer_append_format(
                out,
                "peal_thread_cpu_seconds_total{thread=\"%s\"} %llu.%06llu\n",
                all[i]->thread, (unsigned long long)(ns / 1000000000),
                (unsigned long long)(ns / 1000 % 1000000));
    }
}

void metrics_write(const struct metrics *const *all, size_t count,
                   struct buffer *out)
{
    for (enum metric i = 0; i < METRIC_COUNT; i++) {
        const struct row *row = &rows[i];
        write_head(row, out);
        buffer_append_format(out, "peal_%s", row->exposed);
        if (row->label[0])
            buffer_append_format(out, "{%s}", row->label);
        buffer_append_format(out, " %llu\n",
                             (unsigned long long)metrics_sum(all, count, i));
    }
    write_closes(all, count, out);
    write_faults(all, count, out);
    for (enum refusal_kind i = 0; i < REFUSAL_KIND_COUNT; i++)
        write_refusals(all, count, i, out);
    for (enum metric_distribution i = 0; i < DISTRIBUTION_COUNT; i++)
        write_distribution(all, count, i, out);
    write_threads(all, count, out);
}

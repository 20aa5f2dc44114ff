#include "messaging/metrics.h"

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

uint64_t metrics_sum(const struct metrics *const *all, size_t count,
                     enum metric metric)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += atomic_load_explicit(&all[i]->cells[metric],
                                    memory_order_relaxed);
    return sum;
}

static uint64_t sum_closes(const struct metrics *const *all, size_t count,
                           enum close_reason reason)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += atomic_load_explicit(&all[i]->closes[reason],
                                    memory_order_relaxed);
    return sum;
}

/* The first row of a name brings help and type for those that follow. */
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
}

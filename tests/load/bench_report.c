/* The same figures in two formats. The text rounds them and omits what does not
 * apply; JSON always has every field. */
#include "bench_report.h"

#include <inttypes.h>
#include <string.h>

#include "bench_result.h"
#include "bench_run.h"
#include "scenario.h"

const double bench_report_percentiles[] = {50, 90, 99, 99.9, 99.99, 0};

static double per_second(uint64_t count, double seconds)
{
    return seconds > 0 ? (double)count / seconds : 0;
}

static double micros_each(double seconds, uint64_t count)
{
    return count ? seconds * 1e6 / (double)count : 0;
}

/* -------------------------------------------------------------- as text */

static void print_time(FILE *out, uint64_t ns)
{
    if (ns < 10000)
        fprintf(out, "%.2f us", (double)ns / 1e3);
    else if (ns < 1000000)
        fprintf(out, "%.0f us", (double)ns / 1e3);
    else if (ns < 10000000)
        fprintf(out, "%.2f ms", (double)ns / 1e6);
    else
        fprintf(out, "%.0f ms", (double)ns / 1e6);
}

static void print_times(FILE *out, const char *label,
                        const struct histogram *times)
{
    if (!times->count)
        return;
    fprintf(out, "%-11s mean ", label);
    print_time(out, (uint64_t)histogram_mean(times));
    for (const double *p = bench_report_percentiles; *p; p++) {
        fprintf(out, ", p%g ", *p);
        print_time(out, histogram_percentile(times, *p));
    }
    fputs(", max ", out);
    print_time(out, times->max);
    fputc('\n', out);
}

static void print_head(FILE *out, const struct bench_run *run)
{
    const struct bench_options *options = &run->options;

    fprintf(out, "%-11s", options->scenario);
    for (uint32_t i = 0; i < run->target_count; i++) {
        const struct bench_target *target = &run->targets[i];
        fprintf(out, " %s://%s:%s%s", target->tls ? "wss" : "ws", target->host,
                target->port, i + 1 < run->target_count ? " and" : "");
    }
    fprintf(out, ", %" PRId64 " connections", options->connections);
    if (options->base)
        fprintf(out, " beside %" PRId64 " idle", options->base);
    if (options->rooms > 1)
        fprintf(out, ", %" PRId64 " rooms", options->rooms);
    if (options->rate > 0)
        fprintf(out, ", %g/s offered", options->rate);
    fprintf(out, ", payload %" PRId64 " B, %" PRId64 " thread%s\n",
            options->payload, options->threads,
            options->threads == 1 ? "" : "s");
}

static void print_opening(FILE *out, const struct bench_run *run,
                          const struct bench_result *result)
{
    double cpu = result->open_server.cpu;

    if (!result->opened)
        return;
    fprintf(out, "%-11s %" PRIu64 " in %.2f s (%.0f/s)", "opening",
            result->opened, result->open_seconds,
            per_second(result->opened, result->open_seconds));
    if (run->options.server_pids.count && !result->open_server.gone)
        fprintf(out, ", server %.1f us each", micros_each(cpu, result->opened));
    fputc('\n', out);
    print_times(out, "handshake", &result->handshake);
}

static void print_span(FILE *out, const struct bench_run *run,
                       const struct bench_result *result)
{
    uint64_t operations = bench_result_operations(run, &result->span);

    if (result->seconds <= 0)
        return;
    if (!operations && run->scenario->counts_openings) {
        fprintf(out, "%-11s %.2f s\n", "held", result->seconds);
        return;
    }
    fprintf(out, "%-11s %.2f s, %" PRIu64 " %s, %.0f/s", "measured",
            result->seconds, operations, run->scenario->operations,
            per_second(operations, result->seconds));
    if (result->span.published && !run->scenario->counts_openings)
        fprintf(out, ", %.0f/s sent",
                per_second(result->span.published, result->seconds));
    fprintf(out, ", in %.1f MB/s\n",
            per_second(result->span.bytes_in, result->seconds) / 1e6);
    if (bench_result_coverage(result) >= 0)
        fprintf(out,
                "%-11s %.2f %% of the deliveries of the messages sent in it\n",
                "holds", 100 * bench_result_coverage(result));
    print_times(out, "latency", &result->latency);
    if (run->options.rate > 0)
        print_times(out, "own delay", &result->lateness);
}

static void print_server(FILE *out, const struct bench_run *run,
                         const struct bench_result *result)
{
    const struct bench_usage *server = &result->server;
    uint64_t operations = bench_result_operations(run, &result->span);
    double cpu = server->cpu;

    if (!run->options.server_pids.count || result->seconds <= 0)
        return;
    if (server->gone) {
        fprintf(out, "%-11s ended during the run\n", "server");
        return;
    }
    fprintf(out, "%-11s %.0f %% of a core", "server",
            100 * cpu / result->seconds);
    if (operations)
        fprintf(out, ", %.2f us %s (user %.2f, system %.2f)",
                micros_each(cpu, operations), run->scenario->operation,
                micros_each(server->user, operations),
                micros_each(server->system, operations));
    fprintf(out, ", waited %.1f %%\n", 100 * server->waited / result->seconds);
    fprintf(out, "%-11s %.1f MB with one, %.1f open, %.1f at the end", "memory",
            (double)result->memory_with_one / 1e6,
            (double)result->memory_open / 1e6, (double)server->memory / 1e6);
    if (bench_result_memory_each(run, result) > 0)
        fprintf(out, "; %.2f KB a connection",
                bench_result_memory_each(run, result));
    fputc('\n', out);
}

static void print_rounds(FILE *out, const struct bench_run *run)
{
    for (int i = 0; i < run->round_count; i++) {
        const struct bench_round *round = &run->rounds[i];
        fprintf(out, "%-11s %u clients: median ", i ? "" : "rounds",
                round->clients);
        print_time(out, round->p50);
        fputs(", 95th ", out);
        print_time(out, round->p95);
        fputs(", max ", out);
        print_time(out, round->max);
        if (round->receipt_p50) {
            fputs("; receipt after ", out);
            print_time(out, round->receipt_p50);
            fprintf(out, ", with %.0f %% delivered", 100 * round->by_receipt);
        }
        fputc('\n', out);
    }
}

static const char *verdict_word(const struct bench_result *result,
                                const char *wrong)
{
    if (result->interrupted)
        return "INTERRUPTED";
    return wrong ? "FAILED" : "ok";
}

static void print_ends(FILE *out, const char *label,
                       const struct bench_end *ends)
{
    for (int i = 0; i < BENCH_ENDS_MAX && ends[i].count; i++)
        fprintf(out, "%s%s%d x %" PRIu64, i ? "" : label, i ? ", " : " ",
                ends[i].code, ends[i].count);
    if (ends[0].count)
        fputc('\n', out);
}

void bench_report_text(FILE *out, const struct bench_run *run,
                       const struct bench_result *result)
{
    char words[512];

    print_head(out, run);
    print_opening(out, run, result);
    print_rounds(out, run);
    print_span(out, run, result);
    print_server(out, run, result);
    fprintf(out, "%-11s busiest thread %.0f %%\n", "generator",
            100 * result->busiest);
    print_ends(out, "refused    ", run->ends[BENCH_REFUSED]);
    print_ends(out, "closed     ", run->ends[BENCH_CLOSED]);
    if (result->all.foreign)
        fprintf(out, "%-11s %" PRIu64 " messages of another generator\n",
                "foreign", result->all.foreign);
    for (int i = 0; i < run->note_count; i++)
        fprintf(out, "%-11s %s\n", "note", run->notes[i]);
    if (bench_result_doubt(run, result, words, sizeof words))
        fprintf(out, "%-11s %s\n", "doubtful", words);
    const char *wrong = bench_result_verdict(run, result, words, sizeof words);
    fprintf(out, "%-11s %s\n", verdict_word(result, wrong),
            wrong ? wrong : "nothing lost, doubled, out of order or closed");
}

/* -------------------------------------------------------------- as JSON */

static void json_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void json_word(FILE *out, const char *name, const char *text)
{
    fprintf(out, "\"%s\":", name);
    json_string(out, text);
    fputc(',', out);
}

/* Microseconds, a suitable unit for networks and readers. */
static void json_times(FILE *out, const char *name,
                       const struct histogram *times)
{
    uint64_t least = times->count ? times->min : 0;

    fprintf(out, "\"%s\":{\"count\":%" PRIu64 ",\"mean\":%.2f,\"min\":%.2f",
            name, times->count, histogram_mean(times) / 1e3,
            (double)least / 1e3);
    for (const double *p = bench_report_percentiles; *p; p++)
        fprintf(out, ",\"p%g\":%.2f", *p,
                (double)histogram_percentile(times, *p) / 1e3);
    fprintf(out, ",\"max\":%.2f},", (double)times->max / 1e3);
}

/* A figure, or null if there is none. */
static void json_figure(FILE *out, const char *name, bool known, double figure)
{
    if (known)
        fprintf(out, "\"%s\":%.4f,", name, figure);
    else
        fprintf(out, "\"%s\":null,", name);
}

static void json_server(FILE *out, const struct bench_run *run,
                        const struct bench_result *result)
{
    const struct bench_usage *server = &result->server;
    uint64_t operations = bench_result_operations(run, &result->span);
    bool known =
        run->options.server_pids.count && !server->gone && result->seconds > 0;
    bool each = known && operations;
    double memory = bench_result_memory_each(run, result);

    json_figure(out, "server_cpu", known, server->cpu / result->seconds);
    json_figure(out, "server_us", each, micros_each(server->cpu, operations));
    json_figure(out, "server_user_us", each,
                micros_each(server->user, operations));
    json_figure(out, "server_system_us", each,
                micros_each(server->system, operations));
    json_figure(out, "server_waited", known, server->waited / result->seconds);
    json_figure(out, "memory_with_one", known, (double)result->memory_with_one);
    json_figure(out, "memory_open", known, (double)result->memory_open);
    json_figure(out, "memory_end", known, (double)server->memory);
    json_figure(out, "memory_each_kb", memory > 0, memory);
}

static void json_span(FILE *out, const struct bench_run *run,
                      const struct bench_result *result)
{
    uint64_t operations = bench_result_operations(run, &result->span);

    fprintf(
        out,
        "\"seconds\":%.3f,\"operations\":%" PRIu64 ",\"rate\":%.1f,"
        "\"published_rate\":%.1f,\"generator_busiest\":%.4f,",
        result->seconds, operations, per_second(operations, result->seconds),
        per_second(result->span.published, result->seconds), result->busiest);
    json_figure(out, "coverage", bench_result_coverage(result) >= 0,
                bench_result_coverage(result));
    json_server(out, run, result);
}

static void json_opening(FILE *out, const struct bench_run *run,
                         const struct bench_result *result)
{
    const struct bench_usage *server = &result->open_server;
    bool known = run->options.server_pids.count && !server->gone;

    fprintf(out,
            "\"opened\":%" PRIu64 ",\"open_seconds\":%.3f,"
            "\"open_rate\":%.1f,",
            result->opened, result->open_seconds,
            per_second(result->opened, result->open_seconds));
    json_figure(out, "open_server_us", known && result->opened,
                micros_each(server->cpu, result->opened));
}

/* {"401":100,"503":3} */
static void json_ends(FILE *out, const char *name, const struct bench_end *ends)
{
    fprintf(out, "\"%s\":{", name);
    for (int i = 0; i < BENCH_ENDS_MAX && ends[i].count; i++)
        fprintf(out, "%s\"%d\":%" PRIu64, i ? "," : "", ends[i].code,
                ends[i].count);
    fputs("},", out);
}

static void json_about(FILE *out, const struct bench_about *about)
{
    json_word(out, "date", about->date);
    json_word(out, "command", about->command);
    json_word(out, "host", about->host);
    json_word(out, "versions", about->versions);
}

static void json_totals(FILE *out, const struct bench_result *result)
{
    fputs("\"totals\":{", out);
#define FIELD(name, help)                                                      \
    fprintf(out, "\"" #name "\":%" PRIu64 ",", result->all.name);
    BENCH_COUNTERS(FIELD)
#undef FIELD
    fprintf(out,
            "\"lost\":%" PRId64 ",\"overdue\":%" PRId64 ",\"doubled\":%" PRId64
            ",\"reordered\":%" PRId64 ",\"stray\":%" PRId64 "},",
            result->tally.lost, result->tally.overdue, result->tally.doubled,
            result->tally.reordered, result->tally.stray);
}

static void json_series(FILE *out, const struct bench_run *run,
                        const struct bench_result *result)
{
    fputs("\"series\":[", out);
    for (uint32_t i = 0; i < result->samples; i++) {
        const struct bench_sample *sample = run->samples[i];
        fprintf(out,
                "%s{\"at\":%.3f,\"rate\":%.1f,\"p50\":%.2f,\"p99\":%.2f,"
                "\"max\":%.2f,\"memory\":%" PRIu64 "}",
                i ? "," : "", sample->at,
                per_second(sample->operations, sample->seconds),
                (double)histogram_percentile(&sample->latency, 50) / 1e3,
                (double)histogram_percentile(&sample->latency, 99) / 1e3,
                (double)sample->latency.max / 1e3, sample->server.memory);
    }
    fputs("],\"rounds\":[", out);
    for (int i = 0; i < run->round_count; i++)
        fprintf(out,
                "%s{\"clients\":%u,\"p50\":%.2f,\"p95\":%.2f,"
                "\"receipt_p50\":%.2f,\"by_receipt\":%.4f}",
                i ? "," : "", run->rounds[i].clients,
                (double)run->rounds[i].p50 / 1e3,
                (double)run->rounds[i].p95 / 1e3,
                (double)run->rounds[i].receipt_p50 / 1e3,
                run->rounds[i].by_receipt);
    fputs("],", out);
}

static void json_verdict(FILE *out, const struct bench_run *run,
                         const struct bench_result *result)
{
    char words[512];
    const char *doubt = bench_result_doubt(run, result, words, sizeof words);

    json_word(out, "doubt", doubt ? doubt : "");
    const char *wrong = bench_result_verdict(run, result, words, sizeof words);
    json_word(out, "failed", wrong ? wrong : "");
    fprintf(out, "\"shared\":%s,\"interrupted\":%s,\"ok\":%s",
            bench_result_was_shared(run, result) ? "true" : "false",
            result->interrupted ? "true" : "false", wrong ? "false" : "true");
}

bool bench_report_json(const char *path, const struct bench_run *run,
                       const struct bench_result *result)
{
    const struct bench_options *options = &run->options;
    bool is_stdout = strcmp(path, "-") == 0;
    FILE *out = is_stdout ? stdout : fopen(path, "w");

    if (!out) {
        perror(path);
        return false;
    }
    fputc('{', out);
    json_word(out, "scenario", options->scenario);
    json_word(out, "name", options->name);
    fprintf(out,
            "\"connections\":%" PRId64 ",\"base\":%" PRId64
            ",\"rooms\":%" PRId64 ",\"window\":%" PRId64 ",\"depth\":%" PRId64
            ",\"offered\":%g,\"payload\":%" PRId64 ",\"threads\":%" PRId64 ",",
            options->connections, options->base, options->rooms,
            options->window, options->depth, options->rate, options->payload,
            options->threads);
    json_about(out, &run->about);
    json_opening(out, run, result);
    json_span(out, run, result);
    json_times(out, "latency_us", &result->latency);
    json_times(out, "handshake_us", &result->handshake);
    json_totals(out, result);
    json_ends(out, "refused_by_status", run->ends[BENCH_REFUSED]);
    json_ends(out, "closed_by_code", run->ends[BENCH_CLOSED]);
    json_series(out, run, result);
    json_verdict(out, run, result);
    fputs("}\n", out);
    return is_stdout ? fflush(out) == 0 : fclose(out) == 0;
}

/* The same figures twice. Text rounds and leaves out what does not apply;
 * JSON has every field every time, so that programs need not ask. */
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
    if (run->options.server_pids.count)
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
    fprintf(out, "%-11s %.0f %% of a core", "server",
            100 * cpu / result->seconds);
    if (operations)
        fprintf(out, ", %.2f us a %s (user %.2f, system %.2f)",
                micros_each(cpu, operations), run->scenario->operation,
                micros_each(server->user, operations),
                micros_each(server->system, operations));
    fprintf(out, ", waited %.1f %%\n", 100 * server->waited / result->seconds);
    fprintf(out, "%-11s %.1f MB before, %.1f open, %.1f at the end", "memory",
            (double)result->memory_before / 1e6,
            (double)result->memory_open / 1e6, (double)server->memory / 1e6);
    if (result->opened && !run->options.base)
        fprintf(out, "; %.2f KB a connection",
                ((double)result->memory_open - (double)result->memory_before) /
                    1024 / (double)result->opened);
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
        fputc('\n', out);
    }
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
    for (int i = 0; i < run->note_count; i++)
        fprintf(out, "%-11s %s\n", "note", run->notes[i]);
    if (bench_result_doubt(run, result, words, sizeof words))
        fprintf(out, "%-11s %s\n", "doubtful", words);
    const char *wrong = bench_result_verdict(run, result, words, sizeof words);
    fprintf(out, "%-11s %s\n", wrong ? "FAILED" : "ok",
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

/* Microseconds, which suit both a network and a person. */
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

static void json_span(FILE *out, const struct bench_run *run,
                      const struct bench_result *result)
{
    uint64_t operations = bench_result_operations(run, &result->span);
    double cpu = result->server.cpu;

    fprintf(out,
            "\"seconds\":%.3f,\"operations\":%" PRIu64 ",\"rate\":%.1f,"
            "\"published_rate\":%.1f,\"server_cpu\":%.4f,"
            "\"server_us\":%.4f,\"server_user_us\":%.4f,"
            "\"server_system_us\":%.4f,\"server_waited\":%.4f,",
            result->seconds, operations,
            per_second(operations, result->seconds),
            per_second(result->span.published, result->seconds),
            result->seconds > 0 ? cpu / result->seconds : 0,
            micros_each(cpu, operations),
            micros_each(result->server.user, operations),
            micros_each(result->server.system, operations),
            result->seconds > 0 ? result->server.waited / result->seconds : 0);
    fprintf(out,
            "\"memory_before\":%" PRIu64 ",\"memory_open\":%" PRIu64
            ",\"memory_end\":%" PRIu64 ",\"generator_busiest\":%.4f,",
            result->memory_before, result->memory_open, result->server.memory,
            result->busiest);
}

static void json_opening(FILE *out, const struct bench_result *result)
{
    double cpu = result->open_server.cpu;

    fprintf(out,
            "\"opened\":%" PRIu64 ",\"open_seconds\":%.3f,"
            "\"open_rate\":%.1f,\"open_server_us\":%.2f,",
            result->opened, result->open_seconds,
            per_second(result->opened, result->open_seconds),
            micros_each(cpu, result->opened));
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
        fprintf(out, "%s{\"clients\":%u,\"p50\":%.2f,\"p95\":%.2f}",
                i ? "," : "", run->rounds[i].clients,
                (double)run->rounds[i].p50 / 1e3,
                (double)run->rounds[i].p95 / 1e3);
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
    fprintf(out, "\"shared\":%s,\"ok\":%s",
            bench_result_was_shared(run, result) ? "true" : "false",
            wrong ? "false" : "true");
}

bool bench_report_json(const char *path, const struct bench_run *run,
                       const struct bench_result *result)
{
    const struct bench_options *options = &run->options;
    FILE *out = fopen(path, "w");

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
    json_opening(out, result);
    json_span(out, run, result);
    json_times(out, "latency_us", &result->latency);
    json_times(out, "handshake_us", &result->handshake);
    json_totals(out, result);
    json_series(out, run, result);
    json_verdict(out, run, result);
    fputs("}\n", out);
    return fclose(out) == 0;
}

/* A single file without external links, so that it can be mailed, attached and
 * archived. */
#include "bench_html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_plot.h"
#include "bench_report.h"
#include "bench_result.h"
#include "bench_run.h"
#include "scenario.h"

enum { DISTRIBUTION_POINTS = 81 };

/* Seconds; the last sample may be too short to be meaningful. */
static const double SLIVER = 0.05;

static const char style[] =
    ":root{color-scheme:light dark;--fg:#1c2733;--bg:#fff;--dim:#6a7785;"
    "--grid:#e3e8ee;--a:#0b6bcb;--b:#c4530a;--c:#7a3fb0;--ok:#157347;"
    "--bad:#b3261e}"
    "@media(prefers-color-scheme:dark){:root{--fg:#dde5ee;--bg:#12171d;"
    "--dim:#8b99a8;--grid:#29323d;--a:#5aa9f5;--b:#f0965a;--c:#b98ae6;"
    "--ok:#5cc48c;--bad:#f2867e}}"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);"
    "background:var(--bg);max-width:760px;margin:2em auto;padding:0 1em}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1em;"
    "font-size:13px}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}"
    "h1{font-size:1.4em}pre{white-space:pre-wrap;font-size:13px;"
    "border:1px solid var(--grid);border-radius:6px;padding:.8em}"
    "figure{margin:1.6em 0}figcaption{font-weight:600}"
    "small{color:var(--dim);font-weight:400}"
    "svg{width:100%;height:auto}.grid{stroke:var(--grid)}"
    ".tick{fill:var(--dim);font-size:11px}"
    ".line{fill:none;stroke-width:1.6}.dot{fill:transparent}"
    ".dot:hover{fill:currentColor}.c0{stroke:var(--a)}.c1{stroke:var(--b)}"
    ".c2{stroke:var(--c)}.key{font-weight:400;font-size:.85em;"
    "margin-left:.6em}.key.c0{color:var(--a)}.key.c1{color:var(--b)}"
    ".key.c2{color:var(--c)}.dot{stroke:none}"
    ".ok{color:var(--ok)}.bad{color:var(--bad)}";

static void print_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else
            fputc(*text, out);
    }
}

/* The same wording as on the terminal. */
static void print_figures(FILE *out, const struct bench_run *run,
                          const struct bench_result *result)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);

    if (!memory)
        return;
    bench_report_text(memory, run, result);
    fclose(memory);
    fputs("<pre>", out);
    print_escaped(out, text);
    fputs("</pre>\n", out);
    free(text);
}

static void print_head(FILE *out, const struct bench_run *run,
                       const struct bench_result *result)
{
    char words[512];
    const char *wrong = bench_result_verdict(run, result, words, sizeof words);

    fprintf(out,
            "<!doctype html><html lang='en'><meta charset='utf-8'>"
            "<meta name='viewport' content='width=device-width'>"
            "<title>peal-bench %s</title><style>%s</style>\n<h1>",
            run->options.scenario, style);
    print_escaped(out, run->options.scenario);
    if (*run->options.name) {
        fputs(" against ", out);
        print_escaped(out, run->options.name);
    }
    const char *verdict = result->interrupted ? "interrupted"
                          : wrong             ? "failed"
                                              : "ok";
    fprintf(out, " <span class='%s'>%s</span></h1>\n", wrong ? "bad" : "ok",
            verdict);
}

static void print_about(FILE *out, const struct bench_about *about)
{
    const char *const rows[][2] = {
        {"Date", about->date},
        {"Command", about->command},
        {"Host", about->host},
        {"Versions", about->versions},
    };

    fputs("<dl>", out);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fprintf(out, "<dt>%s</dt><dd>", rows[i][0]);
        print_escaped(out, rows[i][1]);
        fputs("</dd>", out);
    }
    fputs("</dl>\n", out);
}

/* ------------------------------------------------------------- over time */

typedef double (*reading_fn)(const struct bench_sample *sample);

static double rate_of(const struct bench_sample *sample)
{
    return sample->seconds > 0 ? (double)sample->operations / sample->seconds
                               : 0;
}

static double median_of(const struct bench_sample *sample)
{
    return (double)histogram_percentile(&sample->latency, 50) / 1e6;
}

static double p99_of(const struct bench_sample *sample)
{
    return (double)histogram_percentile(&sample->latency, 99) / 1e6;
}

static double most_of(const struct bench_sample *sample)
{
    return (double)sample->latency.max / 1e6;
}

static double memory_of(const struct bench_sample *sample)
{
    return (double)sample->server.memory / 1e6;
}

static void add_series(struct bench_plot *plot, struct bench_point *points,
                       const char *name, const struct bench_run *run,
                       const struct bench_result *result, reading_fn read)
{
    int count = 0;

    for (uint32_t i = 0; i < result->samples; i++) {
        const struct bench_sample *sample = run->samples[i];
        if (sample->seconds < SLIVER ||
            (read != memory_of && read != rate_of && !sample->latency.count))
            continue;
        points[count].x = sample->at + sample->seconds;
        points[count].y = read(sample);
        points[count++].label = NULL;
    }
    plot->lines[plot->line_count++] = (struct bench_line){name, points, count};
}

/* Up to three values of the samples in one plot. */
static void plot_series(FILE *out, const struct bench_run *run,
                        const struct bench_result *result,
                        struct bench_plot plot, const char *const names[],
                        const reading_fn reads[])
{
    static struct bench_point points[3][BENCH_SAMPLES_MAX];

    plot.x_unit = "seconds";
    for (int i = 0; i < 3 && names[i]; i++)
        add_series(&plot, points[i], names[i], run, result, reads[i]);
    bench_plot_write(out, &plot);
}

static void plot_over_time(FILE *out, const struct bench_run *run,
                           const struct bench_result *result)
{
    plot_series(out, run, result,
                (struct bench_plot){.title = "Latency over time",
                                    .y_unit = "ms",
                                    .logarithmic = true},
                (const char *const[]){"median", "p99", "max"},
                (const reading_fn[]){median_of, p99_of, most_of});
    plot_series(
        out, run, result,
        (struct bench_plot){.title = "Rate", .y_unit = "operations a second"},
        (const char *const[]){run->scenario->operations, NULL},
        (const reading_fn[]){rate_of});
    if (run->options.server_pids.count)
        plot_series(out, run, result,
                    (struct bench_plot){.title = "Server memory",
                                        .y_unit = "MB resident"},
                    (const char *const[]){"memory", NULL},
                    (const reading_fn[]){memory_of});
}

/* ----------------------------------------------------------- distribution */

static const char *label_of(int point)
{
    static const char *const labels[] = {"0",    "90",    "99",
                                         "99.9", "99.99", NULL};

    return point % 20 == 0 && point / 20 < 5 ? labels[point / 20] : NULL;
}

/* Each step to the right leaves out a tenth of the rest, so that the few
 * slowest operations, the noticeable ones, get the same width. */
static void plot_distribution(FILE *out, const struct bench_result *result)
{
    static struct bench_point points[DISTRIBUTION_POINTS];
    struct bench_plot plot = {
        .title = "Latency distribution",
        .y_unit = "ms",
        .x_unit = "percentile",
        .logarithmic = true,
        .labelled = true,
        .lines = {{"latency", points, DISTRIBUTION_POINTS}},
        .line_count = 1,
    };

    for (int i = 0; i < DISTRIBUTION_POINTS; i++) {
        double percent = 100 * (1 - pow(10, -i / 20.0));
        points[i].x = i;
        points[i].y =
            (double)histogram_percentile(&result->latency, percent) / 1e6;
        points[i].label = label_of(i);
    }
    bench_plot_write(out, &plot);
}

static void plot_rounds(FILE *out, const struct bench_run *run)
{
    static struct bench_point points[2][BENCH_SAMPLES_MAX];
    struct bench_plot plot = {
        .title = "Broadcast round trip by clients",
        .y_unit = "ms",
        .x_unit = "clients",
        .logarithmic = true,
        .lines = {{"median", points[0], run->round_count},
                  {"95th percentile", points[1], run->round_count}},
        .line_count = 2,
    };

    for (int i = 0; i < run->round_count; i++) {
        points[0][i].x = points[1][i].x = run->rounds[i].clients;
        points[0][i].y = (double)run->rounds[i].p50 / 1e6;
        points[1][i].y = (double)run->rounds[i].p95 / 1e6;
    }
    bench_plot_write(out, &plot);
}

bool bench_html_write(const char *path, const struct bench_run *run,
                      const struct bench_result *result)
{
    FILE *out = fopen(path, "w");

    if (!out) {
        perror(path);
        return false;
    }
    print_head(out, run, result);
    print_about(out, &run->about);
    print_figures(out, run, result);
    if (run->round_count)
        plot_rounds(out, run);
    if (result->latency.count) {
        plot_over_time(out, run, result);
        plot_distribution(out, result);
    }
    return fclose(out) == 0;
}

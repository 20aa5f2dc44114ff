/* peal-bench: load for any WebSocket server, and a check of what it did. */
#include <stdio.h>
#include <string.h>

#include "bench_conduct.h"
#include "bench_html.h"
#include "bench_options.h"
#include "bench_report.h"
#include "bench_result.h"
#include "bench_run.h"
#include "scenario.h"

enum { ALL_WELL = 0, CHECK_FAILED = 1, WRONG_USE = 2 };

/* Too large for a stack that others size. */
static struct bench_run run;
static struct bench_result result;

static bool wants_help(int argc, char **argv)
{
    return argc < 2 || strcmp(argv[1], "--help") == 0 ||
           strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0;
}

static int report(void)
{
    char words[512];
    const struct bench_options *options = &run.options;

    bench_report_text(stdout, &run, &result);
    if (*options->json && !bench_report_json(options->json, &run, &result))
        return WRONG_USE;
    if (*options->html && !bench_html_write(options->html, &run, &result))
        return WRONG_USE;
    return bench_result_verdict(&run, &result, words, sizeof words)
               ? CHECK_FAILED
               : ALL_WELL;
}

int main(int argc, char **argv)
{
    struct bench_options options;
    int status = WRONG_USE;

    if (wants_help(argc, argv)) {
        bench_options_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? WRONG_USE : ALL_WELL;
    }
    const struct scenario *scenario = scenario_find(argv[1]);
    if (!scenario) {
        fprintf(stderr, "peal-bench: no scenario is called %s\n", argv[1]);
        return WRONG_USE;
    }
    if (!bench_options_parse(&options, argc, argv))
        return WRONG_USE;
    if (bench_run_init(&run, &options, scenario) &&
        bench_conduct(&run, &result))
        status = report();
    bench_run_deinit(&run);
    return status;
}

/* peal-bench: a load generator for WebSocket servers that also checks their
 * results. */
#include <stdio.h>
#include <string.h>

#include "bench_conduct.h"
#include "bench_html.h"
#include "bench_options.h"
#include "bench_report.h"
#include "bench_result.h"
#include "bench_run.h"
#include "scenario.h"

enum { ALL_WELL = 0, CHECK_FAILED = 1, WRONG_USE = 2, INTERRUPTED = 3 };

/* Too large for the stack. */
static struct bench_run run;
static struct bench_result result;

static bool is_one_of(const char *arg, const char *a, const char *b,
                      const char *c)
{
    return strcmp(arg, a) == 0 || strcmp(arg, b) == 0 || strcmp(arg, c) == 0;
}

static bool wants_help(const char *arg)
{
    return is_one_of(arg, "--help", "-h", "help");
}

/* Checks before the run, not after minutes of load, that a file can be
 * written. */
static bool can_write(const char *path)
{
    if (!*path || strcmp(path, "-") == 0)
        return true;
    FILE *file = fopen(path, "a");
    if (!file) {
        fprintf(stderr, "peal-bench: cannot write ");
        perror(path);
        return false;
    }
    fclose(file);
    return true;
}

static int report(void)
{
    char words[512];
    const struct bench_options *options = &run.options;
    FILE *text = strcmp(options->json, "-") == 0 ? stderr : stdout;

    bench_report_text(text, &run, &result);
    if (*options->json && !bench_report_json(options->json, &run, &result))
        return WRONG_USE;
    if (*options->html && !bench_html_write(options->html, &run, &result))
        return WRONG_USE;
    if (result.interrupted)
        return INTERRUPTED;
    return bench_result_verdict(&run, &result, words, sizeof words)
               ? CHECK_FAILED
               : ALL_WELL;
}

static int play(const struct scenario *scenario, int argc, char **argv)
{
    struct bench_options options;
    int status = WRONG_USE;

    if (!bench_options_parse(&options, argc, argv) ||
        !can_write(options.json) || !can_write(options.html))
        return WRONG_USE;
    if (bench_run_init(&run, &options, scenario)) {
        bench_about_init(&run.about, argc, argv);
        if (bench_conduct(&run, &result))
            status = report();
    }
    bench_run_deinit(&run);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2 || wants_help(argv[1])) {
        bench_options_help(argc < 2 ? stderr : stdout, NULL);
        return argc < 2 ? WRONG_USE : ALL_WELL;
    }
    if (is_one_of(argv[1], "--version", "-V", "version")) {
        printf("peal-bench %s\n", bench_about_version());
        return ALL_WELL;
    }
    const struct scenario *scenario = scenario_find(argv[1]);
    if (!scenario) {
        fprintf(stderr, "peal-bench: no scenario is called %s\n", argv[1]);
        return WRONG_USE;
    }
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            bench_options_help(stdout, scenario);
            return ALL_WELL;
        }
    return play(scenario, argc, argv);
}

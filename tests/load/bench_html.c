#include "bench_html.h"

#include <stdio.h>

#include "bench_report.h"

bool bench_html_write(const char *path, const struct bench_run *run,
                      const struct bench_result *result)
{
    FILE *out = fopen(path, "w");
    if (!out) {
        perror(path);
        return false;
    }
    bench_report_text(out, run, result);
    return fclose(out) == 0;
}

#include "process_metrics.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

/* The second number of /proc/self/statm, in pages (proc(5)). */
static uint64_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void write_sample(struct buffer *out, const char *name, const char *type,
                         const char *label, uint64_t value, const char *help)
{
    buffer_append_format(out,
                         "# HELP peal_%s %s\n# TYPE peal_%s %s\n"
                         "peal_%s%s %llu\n",
                         name, help, name, type, name, label,
                         (unsigned long long)value);
}

static void write_gauge(struct buffer *out, const char *name, const char *label,
                        uint64_t value, const char *help)
{
    write_sample(out, name, "gauge", label, value, help);
}

void process_metrics_write(int64_t start_ms, uint64_t failed_upgrades,
                           struct buffer *out)
{
    write_gauge(out, "build_info", "{version=\"" PEAL_VERSION "\"}", 1,
                "Always 1; which version this is.");
    write_gauge(out, "start_time_seconds", "", (uint64_t)start_ms / 1000,
                "When the process started, since 1970.");
    uint64_t cpu_ms = clock_process_ns() / 1000000;
    buffer_append_format(
        out,
        "# HELP peal_cpu_seconds_total CPU time that the process has used.\n"
        "# TYPE peal_cpu_seconds_total counter\n"
        "peal_cpu_seconds_total %llu.%03llu\n",
        (unsigned long long)(cpu_ms / 1000),
        (unsigned long long)(cpu_ms % 1000));
    write_gauge(out, "resident_bytes", "", resident_bytes(),
                "Memory that the process has now.");
    write_sample(out, "failed_upgrades_total", "counter", "", failed_upgrades,
                 "Upgrades in place that this process had to go on after.");
}

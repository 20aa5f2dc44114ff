#include "process/process_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_writer.h"
#include "config/config_reload.h"

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

static uint64_t count_entries(const char *path)
{
    uint64_t count = 0;
    DIR *folder = opendir(path);
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count > 3 ? count - 3 : 0; /* ".", ".." and the folder itself */
}

/* Since Linux 6.2 the folder's size is their number. */
static uint64_t open_descriptors(void)
{
    static const char path[] = "/proc/self/fd";
    struct stat found;
    if (stat(path, &found) == 0 && found.st_size > 0)
        return (uint64_t)found.st_size;
    return count_entries(path);
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

static void write_cpu(struct buffer *out)
{
    uint64_t cpu_ms = clock_process_ns() / 1000000;
    buffer_append_format(
        out,
        "# HELP peal_cpu_seconds_total CPU time used by the process.\n"
        "# TYPE peal_cpu_seconds_total counter\n"
        "peal_cpu_seconds_total %llu.%03llu\n",
        (unsigned long long)(cpu_ms / 1000),
        (unsigned long long)(cpu_ms % 1000));
}

static void write_config(const struct process_facts *facts, struct buffer *out)
{
    write_gauge(out, "config_last_reload_successful", "", facts->is_reloaded,
                "1 if the last config reload succeeded, otherwise 0.");
    write_gauge(out, "config_last_reload_success_timestamp_seconds", "",
                facts->reload,
                "When the current config was loaded, in seconds since 1970.");
    write_gauge(out, "config_hash", "", config_reload_hash(),
                "Hash of the current config, without secrets.");
    write_gauge(out, "connections_limit", "", facts->connections_limit,
                "limits.connections.");
    write_gauge(out, "descriptors_limit", "", facts->descriptors_limit,
                "Maximum number of open file descriptors.");
    write_gauge(out, "descriptors", "", open_descriptors(),
                "Open file descriptors.");
}

static void write_log(struct buffer *out)
{
    write_sample(out, "log_lines_lost_total", "counter", "", log_writer_lost(),
                 "Log lines that could not be written.");
    write_sample(out, "log_lines_suppressed_total", "counter", "",
                 log_suppressed(),
                 "Log lines suppressed because of the limit per second.");
}

void process_metrics_write(const struct process_facts *facts,
                           struct buffer *out)
{
    write_gauge(out, "build_info", "{version=\"" PEAL_VERSION "\"}", 1,
                "Always 1; the label contains the version.");
    write_gauge(out, "start_time_seconds", "", facts->start,
                "When the process started, in seconds since 1970.");
    write_cpu(out);
    write_gauge(out, "resident_bytes", "", resident_bytes(),
                "Resident memory of the process.");
    write_sample(
        out, "failed_upgrades_total", "counter", "", facts->failed_upgrades,
        "In-place upgrades that failed, so that this process continued.");
    write_config(facts, out);
    write_log(out);
    if (facts->certificate_expires >= 0)
        write_gauge(
            out, "tls_certificate_expiry_timestamp_seconds", "",
            (uint64_t)facts->certificate_expires,
            "When the current certificate expires, in seconds since 1970.");
}

/* utime and stime have a resolution of 10 ms, too coarse for a thousand
 * handshakes, so the sum comes from schedstat. It also contains the time spent
 * waiting: a server that waited shared its core, and its figures are less
 * reliable. Threads that have ended are not included. */
#include "bench_proc.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_children(struct bench_proc *self, pid_t pid);

static void add_process(struct bench_proc *self, pid_t pid)
{
    if (self->count == BENCH_PROC_MAX)
        return;
    self->pids[self->count++] = pid;
    add_children(self, pid);
}

/* Calls `visit` for each thread of a process. */
static void each_thread(pid_t pid, void (*visit)(const char *path, void *to),
                        void *to)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    if (!dir)
        return;

    for (struct dirent *entry; (entry = readdir(dir));) {
        char thread[384];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(thread, sizeof thread, "%s/%s", path, entry->d_name);
        visit(thread, to);
    }
    closedir(dir);
}

static void add_children_of_thread(const char *thread, void *to)
{
    char path[400];
    int child;

    snprintf(path, sizeof path, "%s/children", thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    while (fscanf(file, "%d", &child) == 1)
        add_process(to, child);
    fclose(file);
}

static void add_children(struct bench_proc *self, pid_t pid)
{
    each_thread(pid, add_children_of_thread, self);
}

bool bench_proc_add(struct bench_proc *self, pid_t pid)
{
    if (pid <= 0 || kill(pid, 0) < 0)
        return false;
    add_process(self, pid);
    return true;
}

static void add_stat(struct bench_usage *usage, pid_t pid)
{
    char path[64], line[1024], state = 'X';
    unsigned long user = 0, system = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file) {
        usage->gone = true;
        return;
    }
    /* The name in parentheses may contain anything, so fields are counted from
     * its end. */
    char *name_end = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    if (name_end)
        sscanf(name_end + 1,
               " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &state,
               &user, &system);
    fclose(file);

    usage->gone |= state == 'Z' || state == 'X';
    double tick = (double)sysconf(_SC_CLK_TCK);
    usage->user += (double)user / tick;
    usage->system += (double)system / tick;
}

static void add_memory(struct bench_usage *usage, pid_t pid)
{
    char path[64];
    unsigned long resident = 0;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    if (fscanf(file, "%*u %lu", &resident) == 1)
        usage->memory += resident * (uint64_t)sysconf(_SC_PAGESIZE);
    fclose(file);
}

static void add_schedule(const char *thread, void *to)
{
    char path[400];
    unsigned long long ran = 0, waited = 0;
    struct bench_usage *usage = to;

    snprintf(path, sizeof path, "%s/schedstat", thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    if (fscanf(file, "%llu %llu", &ran, &waited) == 2) {
        usage->cpu += (double)ran / 1e9;
        usage->waited += (double)waited / 1e9;
    }
    fclose(file);
}

struct bench_usage bench_proc_usage(const struct bench_proc *self)
{
    struct bench_usage usage = {0};

    for (int i = 0; i < self->count; i++) {
        add_stat(&usage, self->pids[i]);
        add_memory(&usage, self->pids[i]);
        each_thread(self->pids[i], add_schedule, &usage);
    }
    return usage;
}

struct bench_usage bench_proc_self(void)
{
    struct bench_proc self = {.pids = {getpid()}, .count = 1};

    return bench_proc_usage(&self);
}

struct bench_usage bench_usage_between(const struct bench_usage *from,
                                       const struct bench_usage *to)
{
    return (struct bench_usage){
        .gone = from->gone || to->gone || to->cpu < from->cpu,
        .cpu = to->cpu - from->cpu,
        .user = to->user - from->user,
        .system = to->system - from->system,
        .waited = to->waited - from->waited,
        .memory = to->memory,
    };
}

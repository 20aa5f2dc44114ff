/* Everything needed before the first thread starts, and the little state that
 * threads share while they run. */
#include "bench_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "bench_tls.h"
#include "bench_worker.h"
#include "scenario.h"

enum { FILES_BESIDES_LINKS = BENCH_FILES_BESIDES, OPENING_AT_ONCE = 128 };

/* Raises the limit of open files as far as possible; root has no limit. */
static bool allow_files(uint64_t links)
{
    struct rlimit limit;
    rlim_t need = links + FILES_BESIDES_LINKS;

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= need)
        return true;
    limit.rlim_cur = need;
    if (limit.rlim_max < need)
        limit.rlim_max = need;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return true;
    fprintf(stderr, "peal-bench: %llu open files needed; see ulimit -n\n",
            (unsigned long long)need);
    return false;
}

static uint32_t rooms_of(const struct bench_options *options)
{
    return options->rooms > 0 ? (uint32_t)options->rooms : 1;
}

static bool make_targets(struct bench_run *self)
{
    const struct bench_list *urls = &self->options.urls;

    for (int i = 0; i < urls->count; i++) {
        struct bench_target *target = &self->targets[i];
        if (!bench_target_init(target, &self->options, urls->items[i]))
            return false;
        if (target->tls && !self->tls)
            self->tls = bench_tls_context_new(self->options.client_cert,
                                              self->options.client_key);
        if (target->tls && !self->tls)
            return false;
    }
    self->target_count = (uint32_t)urls->count;
    return true;
}

static void make_links(struct bench_run *self)
{
    uint32_t rooms = rooms_of(&self->options);

    for (uint32_t i = 0; i < self->worker_count; i++)
        self->workers[i].id = i;
    for (uint32_t i = 0; i < self->link_count; i++) {
        struct bench_link *link = &self->links[i];
        link->number = i;
        link->room = i % rooms;
        link->fd = -1;
        /* Neighbours in a room use different targets. */
        link->target = &self->targets[i / rooms % self->target_count];
        link->worker = &self->workers[i % self->worker_count];
    }
}

/* Sets options that the user left open. */
static void fill_in(struct bench_options *options,
                    const struct scenario *scenario)
{
    if (scenario->adjust)
        scenario->adjust(options);
    if (options->connections == 0)
        options->connections = 1000;
    if (options->urls.count == 0)
        options->urls = (struct bench_list){{"ws://127.0.0.1:8080"}, 1};
    if (options->duration <= 0)
        options->duration = 5;
}

bool bench_run_init(struct bench_run *self, const struct bench_options *options,
                    const struct scenario *scenario)
{
    memset(self, 0, sizeof *self);
    if (getrandom(&self->id, sizeof self->id, 0) < 0)
        self->id = (uint32_t)bench_now();
    self->options = *options;
    self->scenario = scenario;
    fill_in(&self->options, scenario);
    options = &self->options;
    self->link_count = (uint32_t)(options->connections + options->base);
    self->worker_count = (uint32_t)options->threads;
    self->opening =
        options->opening ? (uint32_t)options->opening : OPENING_AT_ONCE;
    pthread_mutex_init(&self->lock, NULL);
    if (!make_targets(self) || !allow_files(self->link_count))
        return false;

    self->links = calloc(self->link_count, sizeof *self->links);
    self->workers = calloc(self->worker_count, sizeof *self->workers);
    if (!self->links || !self->workers)
        return false;
    make_links(self);
    return !scenario->prepare || scenario->prepare(self);
}

void bench_run_deinit(struct bench_run *self)
{
    if (self->scenario->release)
        self->scenario->release(self);
    for (int i = 0; i < BENCH_SAMPLES_MAX; i++)
        free(self->samples[i]);
    for (uint32_t i = 0; self->links && i < self->link_count; i++)
        bench_script_deinit(&self->links[i].script);
    if (self->tls)
        bench_tls_context_free(self->tls);
    free(self->links);
    free(self->workers);
    pthread_mutex_destroy(&self->lock);
}

static bool is_noted(const struct bench_run *self, const char *note)
{
    for (int i = 0; i < self->note_count; i++)
        if (strcmp(self->notes[i], note) == 0)
            return true;
    return false;
}

void bench_run_note(struct bench_run *self, const char *format, ...)
{
    char note[BENCH_NOTE_LEN];
    va_list args;

    va_start(args, format);
    vsnprintf(note, sizeof note, format, args);
    va_end(args);

    pthread_mutex_lock(&self->lock);
    if (self->note_count < BENCH_NOTES_MAX && !is_noted(self, note))
        strcpy(self->notes[self->note_count++], note);
    pthread_mutex_unlock(&self->lock);
}

void bench_run_count_end(struct bench_run *self, enum bench_end_kind kind,
                         int code)
{
    struct bench_end *ends = self->ends[kind];
    int i = 0;

    pthread_mutex_lock(&self->lock);
    while (i < BENCH_ENDS_MAX - 1 && ends[i].count && ends[i].code != code)
        i++;
    ends[i].code = code;
    ends[i].count++;
    pthread_mutex_unlock(&self->lock);
}

struct bench_totals bench_run_totals(const struct bench_run *self)
{
    struct bench_totals totals = {0};

    for (uint32_t i = 0; i < self->worker_count; i++)
        bench_totals_add(&totals, &self->workers[i].counts);
    return totals;
}

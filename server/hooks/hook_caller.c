/* The thread and its questions; event_sender.c sends events. */
#include "hooks/hook_caller.h"

#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include <utlist.h>

#include "base/clock.h"
#include "base/inbox.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"
#include "hooks/event_sender.h"
#include "hooks/hook_answer.h"
#include "hooks/hook_poster.h"
#include "hooks/webhooks.h"
#include "messaging/webhook_event.h"
#include "messaging/worker.h"

enum {
    INSTANCE_LEN = 16,
    NS_A_MS = 1000000,
    TICK_MS = 1000,
    STOP_MS = 5000, /* for the last events */
    STOP_STEP_MS = 50
};

/* Events allowed in the inbox beyond the queue's size: the queue drops the
 * oldest events, the inbox could only refuse the newest. */
enum { INBOX_SPARE = 4096 };

/* Results of a question, as the rows of the table of metrics stand. */
enum outcome { ALLOWED, REFUSED, FAILED, OVERFLOWN, OUTCOMES };

struct hook_caller {
    struct hooks base; /* first: a struct hooks is cast to this */
    /* set once */
    const struct hook_options *options;
    const struct limits *limits;
    char instance[INSTANCE_LEN + 1];
    pthread_t thread;
    sem_t settled;
    /* any thread */
    struct inbox inbox;
    _Atomic uint32_t open;    /* questions not given back */
    _Atomic uint64_t dropped; /* events refused by the inbox */
    _Atomic bool is_settled;
    /* its own thread */
    struct hook_poster *poster;
    struct question *waiting; /* oldest first */
    struct question *running;
    uint32_t running_count;
    uint64_t last_number;
    struct event_sender *events;
    struct webhooks webhooks;
    uint64_t tick_ms; /* when the next is due */
    bool is_stopping;
    uint64_t stop_ms;
    struct metrics metrics;
};

/* ---- questions ---------------------------------------------------------- */

static enum metric metric_of(enum hook hook, enum outcome outcome)
{
    return METRIC_HOOK_CONNECT_ALLOWED + hook * OUTCOMES + outcome;
}

/* Without an answer, the config decides. */
static void fall_back(const struct hook_caller *caller,
                      struct question *question)
{
    bool allows = caller->options->on_failure == HOOK_POLICY_ALLOW;
    question->result = allows ? HOOK_ALLOWED : HOOK_FAILED;
}

static void give_back(struct hook_caller *caller, struct question *question,
                      enum outcome outcome)
{
    metrics_add(&caller->metrics, metric_of(question->hook, outcome), 1);
    metrics_add(&caller->metrics, METRIC_HOOK_OPEN, -1);
    caller->open--;
    question_finish(question);
}

static void fail(struct hook_caller *caller, struct question *question,
                 const char *why)
{
    fall_back(caller, question);
    log_limited(LOG_WARN, 1, "Webhook unanswered", LOG_TEXT("reason", why),
                LOG_TEXT("hook", hook_name(question->hook)));
    give_back(caller, question, FAILED);
}

static bool read_reply(const struct hook_caller *caller,
                       const struct hook_reply *reply,
                       struct question *question, struct error *why)
{
    if (!reply->status)
        return error_set(why, "%s", reply->error);
    if (reply->status != 200)
        return error_set(why, "the response has status %d", reply->status);
    return hook_answer_read(reply->body, caller->limits->message_bytes,
                            question, why);
}

static void on_answered(void *arg, const struct hook_reply *reply)
{
    struct question *question = arg;
    struct hook_caller *caller = (struct hook_caller *)question->hooks;
    struct error why;
    uint64_t taken_ns = clock_elapsed(clock_steady_ns(), question->asked_ns);
    DL_DELETE2(caller->running, question, previous, next);
    caller->running_count--;
    metrics_observe(&caller->metrics, DISTRIBUTION_HOOK_ROUND_TRIP, taken_ns);
    log_limited(LOG_DEBUG, 100, "Webhook answered",
                LOG_TEXT("hook", hook_name(question->hook)),
                LOG_NUMBER("status", reply->status),
                LOG_NUMBER("duration_ms", taken_ns / NS_A_MS));
    if (!read_reply(caller, reply, question, &why))
        fail(caller, question, why.text);
    else
        give_back(caller, question,
                  question->result == HOOK_ALLOWED ? ALLOWED : REFUSED);
}

/* Completes the object to send with the name and id of the question. */
static void complete_body(struct hook_caller *caller, struct question *question)
{
    struct buffer *body = &question->body;
    buffer_append_format(body, ",\"time\":%" PRId64 ",\"instance\":\"%s\"",
                         clock_wall_ms(), caller->instance);
    buffer_append_format(body, ",\"id\":\"%s-q%" PRIu64 "\"}", caller->instance,
                         ++caller->last_number);
    body->data[0] = '{'; /* where a comma was */
}

static uint64_t deadline_of(const struct hook_caller *caller,
                            const struct question *question)
{
    return question->asked_ns / NS_A_MS + caller->options->timeout_ms;
}

static void start_question(struct hook_caller *caller, uint64_t now_ms)
{
    struct question *question = caller->waiting;
    DL_DELETE2(caller->waiting, question, previous, next);
    complete_body(caller, question);
    const struct hook_call call = {
        .kind = hook_name(question->hook),
        .trace = question->trace,
        .body = buffer_bytes(&question->body),
        .timeout_ms = clock_elapsed(deadline_of(caller, question), now_ms),
    };
    question->transfer =
        hook_poster_send(caller->poster, &call, on_answered, question);
    if (!question->transfer) {
        fail(caller, question, "it could not be signed");
        return;
    }
    DL_APPEND2(caller->running, question, previous, next);
    caller->running_count++;
}

/* Ordered by waiting time, longest first. */
static void expire_waiting(struct hook_caller *caller, uint64_t now_ms)
{
    while (caller->waiting && deadline_of(caller, caller->waiting) <= now_ms) {
        struct question *question = caller->waiting;
        DL_DELETE2(caller->waiting, question, previous, next);
        fail(caller, question, "no connection to the application is free");
    }
}

/* Returns the time until something is due. */
static uint64_t step_questions(struct hook_caller *caller, uint64_t now_ms)
{
    enum { NOTHING_DUE_MS = 60000 };
    expire_waiting(caller, now_ms);
    while (caller->waiting &&
           caller->running_count < caller->options->connections)
        start_question(caller, now_ms);
    return caller->waiting
               ? clock_elapsed(deadline_of(caller, caller->waiting), now_ms)
               : NOTHING_DUE_MS;
}

/* ---- from other threads ------------------------------------------------- */

static void take_question(void *subject, void *object)
{
    struct hook_caller *caller = subject;
    struct question *question = object;
    metrics_add(&caller->metrics, METRIC_HOOK_OPEN, 1);
    DL_APPEND2(caller->waiting, question, previous, next);
}

static bool has_room(struct hook_caller *caller,
                     const struct question *question)
{
    if (caller->is_settled)
        return false;
    if (atomic_fetch_add(&caller->open, 1) < caller->options->questions_max)
        return true;
    caller->open--;
    metrics_add(&question->worker->metrics,
                metric_of(question->hook, OVERFLOWN), 1);
    return false;
}

/* The answer never arrives within the asking call. */
static void ask(struct hooks *base, struct question *question)
{
    struct hook_caller *caller = (struct hook_caller *)base;
    question->hooks = base;
    question->asked_ns = clock_steady_ns();
    if (has_room(caller, question)) {
        inbox_post(&caller->inbox,
                   (struct inbox_item){take_question, caller, question});
        return;
    }
    fall_back(caller, question);
    question_finish(question);
}

static void take_event(void *subject, void *object)
{
    struct hook_caller *caller = subject;
    struct webhook_event *event = object;
    if (event->target)
        webhooks_add(&caller->webhooks, event);
    else
        event_sender_add(caller->events, event);
}

static void tell(struct hooks *base, struct webhook_event *event)
{
    struct hook_caller *caller = (struct hook_caller *)base;
    if (inbox_depth(&caller->inbox) >=
        caller->options->queue_events + INBOX_SPARE) {
        caller->dropped++;
        webhook_event_free(event);
        return;
    }
    inbox_post(&caller->inbox, (struct inbox_item){take_event, caller, event});
}

static const struct hooks_ops ops = {.ask = ask, .tell = tell};

/* ---- the thread ------------------------------------------------------- */

static void note_dropped(struct hook_caller *caller)
{
    uint64_t dropped = atomic_exchange(&caller->dropped, 0);
    if (dropped)
        event_sender_note_dropped(caller->events, dropped);
}

/* Runs once a second; returns the time until the next run. */
static uint64_t tick(struct hook_caller *caller, uint64_t now_ms)
{
    if (now_ms >= caller->tick_ms) {
        metrics_note_thread(&caller->metrics,
                            (now_ms - caller->tick_ms) * NS_A_MS);
        caller->tick_ms = now_ms + TICK_MS;
    }
    return clock_elapsed(caller->tick_ms, now_ms);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool is_over(const struct hook_caller *caller, uint64_t now_ms)
{
    return caller->is_stopping && ((event_sender_is_done(caller->events) &&
                                    webhooks_is_done(&caller->webhooks)) ||
                                   now_ms >= caller->stop_ms);
}

static void *run(void *arg)
{
    struct hook_caller *caller = arg;
    uint64_t now_ms = clock_steady_ms();
    caller->tick_ms = now_ms;
    while (!is_over(caller, now_ms)) {
        uint64_t wait_ms = tick(caller, now_ms);
        wait_ms = least(wait_ms, step_questions(caller, now_ms));
        wait_ms = least(wait_ms, event_sender_step(caller->events, now_ms));
        wait_ms = least(wait_ms, webhooks_step(&caller->webhooks, now_ms));
        hook_poster_run(caller->poster, caller->is_stopping
                                            ? least(wait_ms, STOP_STEP_MS)
                                            : wait_ms);
        while (inbox_drain(&caller->inbox))
            ; /* events come in bursts */
        note_dropped(caller);
        now_ms = clock_steady_ms();
    }
    return NULL;
}

static void wake(void *arg)
{
    struct hook_caller *caller = arg;
    hook_poster_wake(caller->poster);
}

static void settle_here(void *subject, void *object)
{
    (void)object;
    struct hook_caller *caller = subject;
    struct question *question;
    struct question *next;
    DL_FOREACH_SAFE2(caller->running, question, next, next)
    hook_poster_cancel(caller->poster, question->transfer);
    DL_CONCAT2(caller->waiting, caller->running, previous, next);
    caller->running = NULL;
    caller->running_count = 0;
    DL_FOREACH_SAFE2(caller->waiting, question, next, next)
    fail(caller, question, "the server is shutting down");
    caller->waiting = NULL;
    caller->is_settled = true;
    sem_post(&caller->settled);
}

void hook_caller_settle(struct hooks *base)
{
    struct hook_caller *caller = (struct hook_caller *)base;
    inbox_post(&caller->inbox, (struct inbox_item){settle_here, caller, NULL});
    while (sem_wait(&caller->settled) != 0)
        ; /* a signal came */
}

static void stop_here(void *subject, void *object)
{
    (void)object;
    struct hook_caller *caller = subject;
    caller->is_stopping = true;
    caller->stop_ms = clock_steady_ms() + STOP_MS;
    event_sender_hurry(caller->events);
    webhooks_hurry(&caller->webhooks);
}

static unsigned bits_of(const struct text_list *chosen,
                        const char *(*name)(unsigned), unsigned count)
{
    unsigned bits = 0;
    for (size_t i = 0; i < chosen->count; i++)
        for (unsigned bit = 0; bit < count; bit++)
            if (strcmp(chosen->items[i], name(bit)) == 0)
                bits |= 1u << bit;
    return bits;
}

static struct hooks make_base(const struct hook_options *options)
{
    return (struct hooks){
        .ops = &ops,
        /* none without a URL: the config is checked */
        .asked = bits_of(&options->questions, hook_name, HOOK_COUNT),
        .told = bits_of(&options->events, hook_event_name, EVENT_COUNT),
        .channels = {[HOOK_SUBSCRIBE] = &options->subscribe_channels,
                     [HOOK_PUBLISH] = &options->publish_channels},
        .headers = &options->connect_headers,
        .publishes_max = options->publishes_max,
    };
}

struct hooks *hook_caller_new(const struct hook_options *options,
                              const struct limits *limits)
{
    struct hook_caller *caller = memory_new(1, sizeof *caller);
    caller->base = make_base(options);
    caller->options = options;
    caller->limits = limits;
    snprintf(caller->instance, sizeof caller->instance, "%016" PRIx64,
             random_uint64());
    snprintf(caller->metrics.thread, sizeof caller->metrics.thread, "hooks");
    inbox_init(&caller->inbox, wake, caller);
    PANIC_IF(sem_init(&caller->settled, 0, 0) != 0);
    caller->poster = hook_poster_new(options);
    caller->events = event_sender_new(options, caller->instance, caller->poster,
                                      NULL, &caller->metrics);
    caller->webhooks = (struct webhooks){.options = options,
                                         .instance = caller->instance,
                                         .poster = caller->poster,
                                         .metrics = &caller->metrics};
    thread_start(&caller->thread, run, caller);
    return &caller->base;
}

struct secrets {
    char *secret;
    char *old; /* or NULL */
};

static void use_secrets_here(void *subject, void *object)
{
    struct hook_caller *caller = subject;
    struct secrets *secrets = object;
    hook_poster_use_secrets(caller->poster, secrets->secret, secrets->old);
    free(secrets->secret);
    free(secrets->old);
    free(secrets);
}

void hook_caller_use_secrets(struct hooks *base, const char *secret,
                             const char *old)
{
    struct hook_caller *caller = (struct hook_caller *)base;
    struct secrets *secrets = memory_new(1, sizeof *secrets);
    secrets->secret = memory_copy_text(secret, strlen(secret));
    secrets->old = old ? memory_copy_text(old, strlen(old)) : NULL;
    inbox_post(&caller->inbox,
               (struct inbox_item){use_secrets_here, caller, secrets});
}

void hook_caller_free(struct hooks *base)
{
    if (!base)
        return;
    struct hook_caller *caller = (struct hook_caller *)base;
    inbox_post(&caller->inbox, (struct inbox_item){stop_here, caller, NULL});
    pthread_join(caller->thread, NULL);
    PANIC_IF(caller->open);
    event_sender_free(caller->events);
    webhooks_clear(&caller->webhooks);
    hook_poster_free(caller->poster);
    sem_destroy(&caller->settled);
    inbox_deinit(&caller->inbox);
    free(caller);
}

const struct metrics *hook_caller_metrics(const struct hooks *base)
{
    return &((const struct hook_caller *)base)->metrics;
}

#include "hooks/event_sender.h"

#include <stdlib.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "hooks/event_queue.h"

enum { NOTHING_DUE_MS = 60000 };

/* A batch taken from the queue, until the application accepts it. */
struct batch {
    struct buffer body;
    uint32_t count;
    uint64_t told_dropped; /* dropped events that it reports */
    uint64_t made_ms;
    struct transfer *transfer; /* NULL: it waits for its retry */
};

struct event_sender {
    const struct hook_options *options;
    struct hook_poster *poster;
    const struct hook_target *target; /* NULL: the application */
    struct metrics *metrics;
    struct event_queue queue;
    struct batch batch; /* count 0: there is none */
    struct backoff backoff;
    uint64_t due_ms; /* nothing is sent before */
    bool is_hurried;
    bool has_failed; /* the last attempt */
};

struct event_sender *event_sender_new(const struct hook_options *options,
                                      const char *instance,
                                      struct hook_poster *poster,
                                      const struct hook_target *target,
                                      struct metrics *metrics)
{
    struct event_sender *sender = memory_new(1, sizeof *sender);
    sender->target = target;
    sender->options = options;
    sender->poster = poster;
    sender->metrics = metrics;
    sender->queue = (struct event_queue){
        .instance = instance,
        .is_for_target = target,
        .events_max = options->queue_events,
        .bytes_max = options->queue_bytes,
        .number = 1,
    };
    sender->backoff = (struct backoff){.base_ms = options->retry_ms,
                                       .max_ms = options->retry_max_ms};
    return sender;
}

static void count_dropped(struct event_sender *sender, uint64_t count)
{
    if (!count)
        return;
    metrics_add(sender->metrics, METRIC_HOOK_EVENTS_DROPPED, (int64_t)count);
    log_limited(LOG_WARN, 1, "Events dropped", LOG_NUMBER("count", count));
}

static void update_waiting(struct event_sender *sender, uint32_t before)
{
    metrics_add(sender->metrics, METRIC_HOOK_EVENTS_WAITING,
                (int64_t)sender->queue.count - before);
}

void event_sender_add(struct event_sender *sender, struct webhook_event *event)
{
    uint32_t before = sender->queue.count;
    count_dropped(sender, event_queue_push(&sender->queue, event));
    update_waiting(sender, before);
}

void event_sender_note_dropped(struct event_sender *sender, uint64_t count)
{
    event_queue_note_dropped(&sender->queue, count);
    count_dropped(sender, count);
}

/* Allows the next batch. */
static void end_batch(struct event_sender *sender)
{
    sender->batch.count = 0;
    buffer_clear(&sender->batch.body);
}

/* The next batch reports its dropped events. */
static void give_up(struct event_sender *sender)
{
    struct batch *batch = &sender->batch;
    event_queue_note_dropped(&sender->queue,
                             batch->told_dropped + batch->count);
    count_dropped(sender, batch->count);
    end_batch(sender);
}

static void on_taken(struct event_sender *sender)
{
    if (sender->has_failed)
        log_event(LOG_INFO, "Event delivery resumed");
    sender->has_failed = false;
    backoff_reset(&sender->backoff);
    metrics_add(sender->metrics, METRIC_HOOK_EVENTS_SENT, sender->batch.count);
    metrics_add(sender->metrics, METRIC_HOOK_BATCHES, 1);
    end_batch(sender);
}

static void on_not_taken(struct event_sender *sender,
                         const struct hook_reply *reply)
{
    uint64_t now_ms = clock_steady_ms();
    uint64_t patience_ms = (uint64_t)sender->options->retry_seconds * 1000;
    log_limited(
        LOG_WARN, 1, "Event delivery failed",
        LOG_TEXT("reason", reply->error ? reply->error : "unexpected status"),
        LOG_NUMBER("status", reply->status));
    sender->has_failed = true;
    metrics_add(sender->metrics, METRIC_HOOK_RETRIES, 1);
    sender->due_ms = now_ms + backoff_next_ms(&sender->backoff);
    if (clock_elapsed(now_ms, sender->batch.made_ms) >= patience_ms)
        give_up(sender);
}

static void on_posted(void *arg, const struct hook_reply *reply)
{
    struct event_sender *sender = arg;
    sender->batch.transfer = NULL;
    log_limited(LOG_DEBUG, 100, "Events sent",
                LOG_NUMBER("count", sender->batch.count),
                LOG_NUMBER("status", reply->status));
    if (reply->status >= 200 && reply->status < 300)
        on_taken(sender);
    else
        on_not_taken(sender, reply);
}

static void make_batch(struct event_sender *sender, uint64_t now_ms)
{
    struct batch *batch = &sender->batch;
    uint32_t before = sender->queue.count;
    batch->told_dropped = sender->queue.dropped;
    batch->count = event_queue_take(
        &sender->queue, sender->options->batch_events, &batch->body);
    batch->made_ms = now_ms;
    update_waiting(sender, before);
}

/* Events within the pause after it are gathered for the next one. */
static void post(struct event_sender *sender, uint64_t now_ms)
{
    struct batch *batch = &sender->batch;
    sender->due_ms = now_ms + sender->options->batch_ms;
    const struct hook_call call = {
        .kind = "events",
        .target = sender->target,
        .trace = "",
        .body = buffer_bytes(&batch->body),
        .timeout_ms = sender->options->events_timeout_ms,
    };
    batch->transfer =
        hook_poster_send(sender->poster, &call, on_posted, sender);
    if (!batch->transfer)
        on_not_taken(sender,
                     &(struct hook_reply){.error = "it could not be signed"});
}

uint64_t event_sender_step(struct event_sender *sender, uint64_t now_ms)
{
    if (sender->batch.transfer || event_sender_is_done(sender))
        return NOTHING_DUE_MS;
    if (now_ms < sender->due_ms && !sender->is_hurried)
        return clock_elapsed(sender->due_ms, now_ms);
    if (!sender->batch.count)
        make_batch(sender, now_ms);
    post(sender, now_ms);
    return NOTHING_DUE_MS;
}

void event_sender_hurry(struct event_sender *sender)
{
    sender->is_hurried = true;
    sender->has_failed = false; /* one more try */
}

bool event_sender_is_done(const struct event_sender *sender)
{
    bool is_over = sender->is_hurried && sender->has_failed;
    return !sender->batch.transfer &&
           (is_over || (!sender->batch.count && !sender->queue.count));
}

void event_sender_free(struct event_sender *sender)
{
    if (sender->batch.transfer)
        hook_poster_cancel(sender->poster, sender->batch.transfer);
    uint32_t left = event_queue_clear(&sender->queue);
    count_dropped(sender, left + sender->batch.count);
    buffer_deinit(&sender->batch.body);
    free(sender);
}

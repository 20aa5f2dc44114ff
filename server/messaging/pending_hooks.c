#include "messaging/pending_hooks.h"

#include <stdlib.h>

#include "base/memory.h"
#include "messaging/bus.h"
#include "messaging/channel.h"
#include "messaging/hook.h"
#include "messaging/subscription.h"
#include "messaging/worker.h"

struct waiting_publish {
    struct publish_queue *line;
    struct request *request;
    struct question *answer; /* NULL: not yet */
    struct waiting_publish *next;
};

struct publish_queue {
    struct connection *connection; /* NULL: closed */
    struct waiting_publish *first;
    struct waiting_publish *last;
    uint32_t count;
};

static struct hooks *hooks_of(const struct worker *worker)
{
    return worker->instance->hooks;
}

static void submit(struct worker *worker, struct request *request)
{
    bus_submit(worker->instance->bus, request);
}

static struct question *ask_about(struct connection *connection, enum hook hook,
                                  const struct request *request)
{
    struct question *question = question_new(hook, connection->worker,
                                             connection_client_id(connection));
    hook_append_connection(&question->body, connection);
    hook_append_text(&question->body, "channel", bytes_of(request->channel));
    return question;
}

/* The fault of a question that was not allowed. */
static void refuse(struct request *request, const struct question *question)
{
    bool has_reason = question->result == HOOK_REFUSED && question->reason[0];
    request->fault =
        question->result == HOOK_REFUSED ? FAULT_REFUSED : FAULT_UNAVAILABLE;
    if (has_reason)
        request->why =
            memory_copy_text(question->reason, strlen(question->reason));
    request_finish(request);
}

/* --- subscribe ----------------------------------------------------------- */

/* Whether the client is still connected and subscribed. */
static bool is_wanted(struct worker *worker, const struct request *request)
{
    struct connection *connection =
        worker_find_connection(worker, request->connection);
    if (!connection || connection->is_closing)
        return false;
    const struct channel *channel =
        channel_find(worker, bytes_of(request->channel));
    return !subscription_find(connection, channel)->is_cancelled;
}

static void on_subscribe_judged(struct worker *worker,
                                struct question *question)
{
    struct request *request = question->subject;
    if (question->result != HOOK_ALLOWED) {
        refuse(request, question);
    } else if (is_wanted(worker, request)) {
        submit(worker, request);
    } else {
        request->fault = FAULT_CANCELLED;
        request_finish(request);
    }
    question_free(question);
}

void pending_hooks_subscribe(struct connection *connection,
                             struct request *request)
{
    struct question *question = ask_about(connection, HOOK_SUBSCRIBE, request);
    question->subject = request;
    question->done = on_subscribe_judged;
    hook_ask(hooks_of(connection->worker), question);
}

/* --- publish ------------------------------------------------------------- */

static void replace_payload(struct request *request, const char *payload)
{
    struct message *old = request->message;
    const struct message_parts parts = {
        .channel = old->channel,
        .from = old->from,
        .event = old->event,
        .info = old->info,
        .payload = bytes_of(payload),
        .trace = message_trace(old),
    };
    request->message = message_new_of(old->kind, &parts);
    message_unref(old);
}

static void go_on(struct worker *worker, struct waiting_publish *publish)
{
    struct request *request = publish->request;
    const struct question *question = publish->answer;
    if (question->result != HOOK_ALLOWED) {
        refuse(request, question);
        return;
    }
    if (question->payload)
        replace_payload(request, question->payload);
    metrics_add(&worker->metrics, METRIC_PUBLISHED, 1);
    submit(worker, request);
}

static void free_line(struct publish_queue *line)
{
    if (line->connection)
        line->connection->extra->publish_queue = NULL;
    free(line);
}

/* Sends answered publishes at the head of the queue, in order. */
static void move_line(struct worker *worker, struct publish_queue *line)
{
    while (line->first && line->first->answer) {
        struct waiting_publish *publish = line->first;
        line->first = publish->next;
        line->count--;
        go_on(worker, publish);
        question_free(publish->answer);
        free(publish);
    }
    if (!line->first)
        free_line(line);
}

static void on_publish_judged(struct worker *worker, struct question *question)
{
    struct waiting_publish *publish = question->subject;
    publish->answer = question;
    move_line(worker, publish->line);
}

static struct publish_queue *line_of(struct connection *connection)
{
    struct connection_extra *extra = connection_extra(connection);
    struct publish_queue *line = extra->publish_queue;
    if (!line) {
        line = memory_new(1, sizeof *line);
        line->connection = connection;
        extra->publish_queue = line;
    }
    return line;
}

static struct waiting_publish *stand_in_line(struct publish_queue *line,
                                             struct request *request)
{
    struct waiting_publish *publish = memory_new(1, sizeof *publish);
    publish->line = line;
    publish->request = request;
    if (line->first)
        line->last->next = publish;
    else
        line->first = publish;
    line->last = publish;
    line->count++;
    return publish;
}

enum fault pending_hooks_publish(struct connection *connection,
                                 struct request *request)
{
    struct hooks *hooks = hooks_of(connection->worker);
    struct publish_queue *line = line_of(connection);
    if (line->count >= hooks->publishes_max) {
        metrics_add(&connection->worker->metrics, METRIC_LIMIT_HOOK_PUBLISHES,
                    1);
        return FAULT_UNAVAILABLE;
    }
    struct question *question = ask_about(connection, HOOK_PUBLISH, request);
    if (request->message->event.len)
        hook_append_text(&question->body, "event", request->message->event);
    buffer_append_text(&question->body, ",\"payload\":");
    buffer_append(&question->body, request->message->payload);
    struct bytes trace = message_trace(request->message);
    if (trace.len)
        memcpy(question->trace, trace.data, trace.len);
    question->subject = stand_in_line(line, request);
    question->done = on_publish_judged;
    hook_ask(hooks, question);
    return FAULT_NONE;
}

void pending_hooks_abandon(struct connection *connection)
{
    struct connection_extra *extra = connection->extra;
    if (!extra || !extra->publish_queue)
        return;
    extra->publish_queue->connection = NULL;
    extra->publish_queue = NULL;
}

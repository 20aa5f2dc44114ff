#include "messaging/responses.h"

#include <stdlib.h>

#include <utlist.h>

#include "base/memory.h"
#include "messaging/bus.h"
#include "messaging/channel.h"
#include "messaging/subscription.h"
#include "messaging/worker.h"

struct responses {
    struct connection *connection;
    struct request *first; /* waiting requests */
    struct request *last;
    uint32_t count;
    uint32_t asked;  /* small requests at the bus */
    bool is_asking;  /* a page request is at the bus */
    bool is_dropped; /* that one is cancelled */
    bool is_ready;   /* in the worker's list */
    struct responses *prev;
    struct responses *next;
};

static struct responses *responses_of(const struct connection *connection)
{
    return connection->extra ? connection->extra->responses : NULL;
}

static struct responses *find_or_add(struct connection *connection)
{
    struct connection_extra *extra = connection_extra(connection);
    if (!extra->responses) {
        extra->responses = memory_new(1, sizeof *extra->responses);
        extra->responses->connection = connection;
    }
    return extra->responses;
}

static void leave_list(struct responses *responses)
{
    if (responses->is_ready)
        DL_DELETE(responses->connection->worker->ready, responses);
    responses->is_ready = false;
}

static void free_all(struct responses *responses)
{
    leave_list(responses);
    while (responses->first) {
        struct request *request = responses->first;
        responses->first = request->next;
        request_free(request);
    }
    responses->connection->extra->responses = NULL;
    free(responses);
}

void responses_free(struct connection *connection)
{
    if (responses_of(connection))
        free_all(responses_of(connection));
}

uint32_t responses_count(const struct connection *connection)
{
    const struct responses *responses = responses_of(connection);
    return responses ? responses->count : 0;
}

/* ---- asking -------------------------------------------------------------- */

static void ask_next(struct responses *responses)
{
    struct request *request = responses->first;
    responses->first = request->next;
    responses->count--;
    responses->is_asking = true;
    request->next = NULL;
    request->page = REQUEST_PAGE;
    bus_submit(responses->connection->worker->instance->bus, request);
}

void responses_go_on(struct connection *connection)
{
    struct responses *responses = responses_of(connection);
    if (!responses || responses->is_asking)
        return;
    if (!responses->first) {
        if (!responses->asked)
            free_all(responses);
    } else if (!connection_takes_pages(connection)) {
        connection->transport->want_writable(connection);
    } else if (!responses->is_ready) {
        responses->is_ready = true;
        DL_APPEND(connection->worker->ready, responses);
    }
}

void responses_serve(struct worker *worker, uint32_t pages)
{
    while (worker->ready && pages--) {
        struct responses *responses = worker->ready;
        leave_list(responses);
        if (connection_takes_pages(responses->connection))
            ask_next(responses);
        else
            responses_go_on(responses->connection);
    }
}

static void append(struct responses *responses, struct request *request)
{
    request->next = NULL;
    if (responses->first)
        responses->last->next = request;
    else
        responses->first = request;
    responses->last = request;
    responses->count++;
}

/* Continues a begun response before starting others. */
static void prepend(struct responses *responses, struct request *request)
{
    request->next = responses->first;
    if (!responses->first)
        responses->last = request;
    responses->first = request;
    responses->count++;
}

static void on_page(struct worker *worker, struct request *request);

/* The size that may be requested now. Most answers are small, so several are
 * requested at once; they arrive in the order of the requests. */
static enum request_page page_now(struct responses *responses)
{
    if (responses->first || !connection_takes_pages(responses->connection) ||
        responses->asked == RESPONSES_SMALL_MAX)
        return REQUEST_NO_PAGE;
    return responses->is_asking ? REQUEST_SMALL : REQUEST_PAGE;
}

static void note_asked(struct responses *responses, enum request_page page)
{
    if (page == REQUEST_PAGE)
        responses->is_asking = true;
    else if (page == REQUEST_SMALL)
        responses->asked++;
}

static void note_answered(struct responses *responses, enum request_page page)
{
    if (page == REQUEST_PAGE)
        responses->is_asking = false;
    else if (page == REQUEST_SMALL)
        responses->asked--;
}

void responses_add(struct connection *connection, struct request *request)
{
    struct responses *responses = find_or_add(connection);
    request->done = on_page;
    request->page = page_now(responses);
    note_asked(responses, request->page);
    if (request->page != REQUEST_NO_PAGE) {
        bus_submit(connection->worker->instance->bus, request);
        return;
    }
    append(responses, request);
    responses_go_on(connection);
    connection_weigh_answers(connection);
}

enum request_page responses_begin_subscribe(struct connection *connection)
{
    struct responses *responses = find_or_add(connection);
    enum request_page page = page_now(responses);
    note_asked(responses, page);
    responses_go_on(connection);
    return page;
}

void responses_end_subscribe(struct connection *connection,
                             enum request_page page)
{
    struct responses *responses = responses_of(connection);
    if (responses)
        note_answered(responses, page);
    responses_go_on(connection);
}

/* ---- recovery ------------------------------------------------------------ */

void responses_recover(struct connection *connection, struct request *subscribe)
{
    struct request *next = request_next_page(subscribe);
    next->done = on_page;
    append(find_or_add(connection), next);
    subscribe->position.offset = subscribe->page_end;
}

void responses_drop_recovery(struct connection *connection, const char *channel)
{
    struct responses *responses = responses_of(connection);
    struct request *before = NULL;
    struct request *at = responses ? responses->first : NULL;
    while (at &&
           (at->kind != REQUEST_RECOVER || strcmp(at->channel, channel) != 0)) {
        before = at;
        at = at->next;
    }
    if (!at) {
        if (responses && responses->is_asking)
            responses->is_dropped = true;
        return;
    }
    *(before ? &before->next : &responses->first) = at->next;
    if (responses->last == at)
        responses->last = before;
    responses->count--;
    request_free(at);
    if (responses->first)
        return;
    leave_list(responses);
    responses_go_on(connection);
}

static void tell_gap(struct connection *connection, struct bytes channel)
{
    struct message *gap =
        message_new(MESSAGE_GAP, channel, (struct bytes){0}, (struct bytes){0});
    connection_send(connection, gap);
    message_unref(gap);
}

/* From here on it is like other subscribers. */
static void end_recovery(struct connection *connection,
                         const struct request *request)
{
    struct bytes name = bytes_of(request->channel);
    struct channel *channel = channel_find(connection->worker, name);
    struct subscription *subscription = subscription_find(connection, channel);
    subscription->is_pending = false;
    subscription->is_recovering = false;
    channel_end_recovery(channel, connection);
    channel_settle(channel, connection);
    if (request->fault == FAULT_NONE && connection->protocol->on_recovered)
        connection->protocol->on_recovered(connection, name, request->position);
}

static void on_missed(struct connection *connection,
                      const struct request *request)
{
    bool is_good = request->fault == FAULT_NONE && request->recovered;
    if (connection->is_closing)
        return; /* this leaves its channels */
    connection_send_page(connection, request->messages, request->message_count);
    if (is_good && request->has_more) {
        prepend(responses_of(connection), request_next_page(request));
        return;
    }
    end_recovery(connection, request);
    if (!is_good)
        tell_gap(connection, bytes_of(request->channel));
}

/* ---- history and presence ------------------------------------------------ */

/* Part of it was written. */
static bool is_begun(const struct request *request)
{
    return request->is_continued && request->kind != REQUEST_RECOVER;
}

/* A begun answer must be completed, even while the connection closes. */
static bool is_wanted(const struct connection *connection,
                      const struct request *request)
{
    return connection->is_open && !connection->is_close_started &&
           (!connection->is_closing ||
            (request->is_continued &&
             close_reason_info(connection->close_reason)->flush));
}

/* Call if it exceeds the small size requested. */
static void ask_again(struct connection *connection,
                      const struct request *request)
{
    struct request *again = request_next_page(request);
    again->is_continued = false;
    again->since = (struct position){0};
    again->limit = request->limit;
    append(responses_of(connection), again);
}

static void on_part(struct connection *connection, struct request *request)
{
    if (!is_wanted(connection, request))
        return;
    if (request->page == REQUEST_SMALL && request->has_more) {
        ask_again(connection, request);
        return;
    }
    if (request->is_continued)
        request->fault = FAULT_NONE; /* it ends here */
    if (request->has_more)
        prepend(responses_of(connection), request_next_page(request));
    connection->protocol->on_answer(connection, request);
}

static void on_page(struct worker *worker, struct request *request)
{
    struct connection *connection =
        worker_find_connection(worker, request->connection);
    struct responses *responses = connection ? responses_of(connection) : NULL;
    if (!responses)
        return;
    bool is_dropped = responses->is_dropped && request->page == REQUEST_PAGE;
    responses->is_dropped &= !is_dropped;
    note_answered(responses, request->page);
    if (request->fault == FAULT_TOO_MANY_CHANNELS)
        metrics_add(&worker->metrics, METRIC_LIMIT_CHANNELS, 1);
    if (is_dropped)
        ; /* unsubscribed meanwhile */
    else if (request->kind == REQUEST_RECOVER)
        on_missed(connection, request);
    else
        on_part(connection, request);
    responses_go_on(connection);
    connection_weigh_answers(connection);
}

void responses_close(struct connection *connection)
{
    struct responses *responses = responses_of(connection);
    if (!responses)
        return;
    struct request *request = responses->first;
    if (request && is_begun(request)) {
        responses->last = request; /* which is partly written */
        request = request->next;
        responses->first->next = NULL;
        responses->count = 1;
    } else {
        responses->first = NULL;
        responses->count = 0;
        leave_list(responses);
    }
    while (request) {
        struct request *next = request->next;
        request_free(request);
        request = next;
    }
}

#include "messaging/operation_request.h"

#include "messaging/bus.h"
#include "messaging/connection.h"
#include "messaging/names.h"
#include "messaging/operation_refusal.h"
#include "messaging/worker.h"

enum fault operation_check(const struct connection *connection,
                           enum capability what, struct bytes channel)
{
    return channel_name_is_valid(channel)
               ? operation_refusal_check(connection, what, channel)
               : FAULT_BAD_CHANNEL;
}

struct request *operation_request_of(struct connection *connection,
                                     struct request *request)
{
    request->worker = connection->worker;
    request->connection = connection->handle;
    return request;
}

struct request *operation_request_new(struct connection *connection,
                                      enum request_kind kind,
                                      struct bytes channel, struct bytes id)
{
    return operation_request_of(
        connection,
        request_new(kind, channel, bytes_of(connection_client_id(connection)),
                    id));
}

void operation_submit(struct connection *connection, struct request *request,
                      void (*done)(struct worker *, struct request *))
{
    request->done = done;
    bus_submit(connection->worker->instance->bus, request);
}

void operation_give_answer(struct connection *connection,
                           struct request *request)
{
    if (request->fault == FAULT_TOO_MANY_CHANNELS)
        metrics_add(&connection->worker->metrics, METRIC_LIMIT_CHANNELS, 1);
    if (request->fault == FAULT_REFUSED)
        operation_refusal_note(connection, REFUSAL_APPLICATION,
                               bytes_of(request->channel),
                               request->why ? request->why : "");
    if (connection->protocol->on_answer)
        connection->protocol->on_answer(connection, request);
}

void operation_answer(struct worker *worker, struct request *request)
{
    struct connection *connection =
        worker_find_connection(worker, request->connection);
    if (connection && connection->is_open && !connection->is_closing)
        operation_give_answer(connection, request);
}

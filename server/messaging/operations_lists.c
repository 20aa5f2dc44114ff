/* Histories and lists of members: they may be long. */
#include "messaging/bus.h"
#include "messaging/names.h"
#include "messaging/operation_refusal.h"
#include "messaging/operations.h"
#include "messaging/pressure.h"
#include "messaging/responses.h"
#include "messaging/worker.h"

static enum fault check(const struct connection *connection,
                        enum capability what, struct bytes channel)
{
    if (!channel_name_is_valid(channel))
        return FAULT_BAD_CHANNEL;
    enum fault fault = operation_refusal_check(connection, what, channel);
    return fault == FAULT_NONE && pressure_refuses(connection->worker)
               ? FAULT_UNAVAILABLE
               : fault;
}

static struct request *new_request(struct connection *connection,
                                   enum request_kind kind, struct bytes channel,
                                   struct bytes id)
{
    struct request *request = request_new(
        kind, channel, bytes_of(connection_client_id(connection)), id);
    request->worker = connection->worker;
    request->connection = connection->handle;
    return request;
}

enum fault operation_history(struct connection *connection,
                             struct bytes channel, uint32_t limit,
                             struct bytes id)
{
    enum fault fault = check(connection, CAN_SEE_HISTORY, channel);
    if (fault != FAULT_NONE)
        return fault;
    struct request *request =
        new_request(connection, REQUEST_HISTORY, channel, id);
    request->limit = limit;
    responses_add(connection, request);
    return FAULT_NONE;
}

enum fault operation_presence(struct connection *connection,
                              struct bytes channel, uint32_t limit,
                              struct bytes id)
{
    enum fault fault = check(connection, CAN_SEE_PRESENCE, channel);
    if (fault != FAULT_NONE)
        return fault;
    struct request *request =
        new_request(connection, REQUEST_PRESENCE, channel, id);
    request->limit = limit;
    responses_add(connection, request);
    return FAULT_NONE;
}

static void on_whole(struct worker *worker, struct request *request)
{
    struct connection *connection =
        worker_find_connection(worker, request->connection);
    if (connection && connection->is_open && !connection->is_closing)
        connection->protocol->on_answer(connection, request);
}

enum fault operation_presence_whole(struct connection *connection,
                                    struct bytes channel, struct bytes id)
{
    enum fault fault = check(connection, CAN_SEE_PRESENCE, channel);
    if (fault != FAULT_NONE)
        return fault;
    struct request *request =
        new_request(connection, REQUEST_PRESENCE, channel, id);
    request->done = on_whole;
    bus_submit(connection->worker->instance->bus, request);
    return FAULT_NONE;
}

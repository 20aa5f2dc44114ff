/* Histories and lists of members: they may be long. */
#include "messaging/operation_request.h"
#include "messaging/operations.h"
#include "messaging/pressure.h"
#include "messaging/responses.h"
#include "messaging/worker.h"

static enum fault check(const struct connection *connection,
                        enum capability what, struct bytes channel)
{
    enum fault fault = operation_check(connection, what, channel);
    return fault == FAULT_NONE && pressure_refuses(connection->worker)
               ? FAULT_UNAVAILABLE
               : fault;
}

enum fault operation_history(struct connection *connection,
                             struct bytes channel, uint32_t limit,
                             struct bytes id)
{
    enum fault fault = check(connection, CAN_SEE_HISTORY, channel);
    if (fault != FAULT_NONE)
        return fault;
    struct request *request =
        operation_request_new(connection, REQUEST_HISTORY, channel, id);
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
        operation_request_new(connection, REQUEST_PRESENCE, channel, id);
    request->limit = limit;
    responses_add(connection, request);
    return FAULT_NONE;
}

enum fault operation_presence_whole(struct connection *connection,
                                    struct bytes channel, struct bytes id)
{
    enum fault fault = check(connection, CAN_SEE_PRESENCE, channel);
    if (fault != FAULT_NONE)
        return fault;
    operation_submit(
        connection,
        operation_request_new(connection, REQUEST_PRESENCE, channel, id),
        operation_answer);
    return FAULT_NONE;
}

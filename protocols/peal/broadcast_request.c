/* The broadcast protocol over single HTTP requests: the body is one message, or
 * a list of them, as over a WebSocket, and the response contains the answers.
 * ../client-http.md describes the wire format. */
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "protocols/peal/broadcast.h"
#include "protocols/peal/broadcast_answer.h"
#include "protocols/protocols.h"

struct broadcast_request {
    uint32_t awaited; /* outstanding answers, plus on_message itself */
    bool is_list;
    enum fault fault; /* status of the only message */
};

static void settle(struct connection *connection)
{
    const struct broadcast_request *state = connection->state;
    int status = state->is_list ? 200 : fault_info(state->fault)->status;
    if (!state->awaited)
        connection_close_with(connection, CLOSE_BY_CLIENT, status,
                              (struct bytes){0});
}

static void refuse(struct connection *connection, const char *why)
{
    struct broadcast_request *state = connection->state;
    const struct bytes none = {0};
    state->is_list = false;
    state->fault = FAULT_BAD_REQUEST;
    broadcast_send_error(connection, FAULT_BAD_REQUEST, why, none, none);
}

static void run(struct connection *connection, struct bytes message)
{
    struct broadcast_request *state = connection->state;
    bool is_awaited;
    state->fault = broadcast_run(connection, message, &is_awaited);
    state->awaited += is_awaited;
}

static uint32_t count_elements(struct bytes list)
{
    struct bytes element;
    uint32_t count = 0;
    while (json_next_element(&list, &element))
        count++;
    return count;
}

/* All or, beyond the rate, none, so that a client can send them again. */
static void run_list(struct connection *connection, struct bytes list)
{
    struct bytes element;
    if (!connection_charge(connection, count_elements(list)))
        return;
    while (json_next_element(&list, &element))
        run(connection, element);
}

static void on_message(struct connection *connection, struct bytes payload,
                       bool binary)
{
    struct error why;
    struct broadcast_request *state = memory_new(1, sizeof *state);
    (void)binary;
    connection->state = state;
    state->awaited = 1;
    state->is_list = json_is_list(payload);
    if (!utf8_is_valid(payload))
        refuse(connection, "not UTF-8");
    else if (state->is_list && json_check(payload, &why))
        run_list(connection, payload);
    else if (state->is_list)
        refuse(connection, why.text);
    else if (connection_charge(connection, 1))
        run(connection, payload);
    state->awaited--;
    settle(connection);
}

static void on_answer(struct connection *connection,
                      const struct request *request)
{
    struct broadcast_request *state = connection->state;
    if (request->fault != FAULT_NONE)
        state->fault = request->fault;
    broadcast_on_answer(connection, request);
    if (request->has_more)
        return;
    state->awaited--;
    settle(connection);
}

/* Closes: a request keeps nothing open. */
static void on_open(struct connection *connection, const struct bytes *channels,
                    size_t count)
{
    (void)connection, (void)channels, (void)count;
}

static void on_close(struct connection *connection)
{
    free(connection->state);
    connection->state = NULL;
}

/* The status of a response to a request that was not answered. */
static int close_code(enum close_reason reason)
{
    switch (reason) {
    case CLOSE_TOKEN_MISSING:
    case CLOSE_TOKEN_INVALID:
    case CLOSE_TOKEN_EXPIRED:
        return 401;
    case CLOSE_FORBIDDEN:
    case CLOSE_DISCONNECTED:
    case CLOSE_BANNED:
        return 403;
    case CLOSE_TOO_BIG:
        return 413;
    case CLOSE_RATE_LIMIT:
        return 429;
    case CLOSE_CONNECTION_LOST:
        return 0;
    default:
        return 503;
    }
}

const struct protocol protocol_broadcast_request = {
    .name = "broadcast",
    .endpoint = &endpoint_request,
    .on_open = on_open,
    .on_close = on_close,
    .on_message = on_message,
    .charges_itself = true,
    .on_answer = on_answer,
    .close_code = close_code,
};

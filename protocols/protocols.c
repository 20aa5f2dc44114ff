#include "protocols/protocols.h"

const struct endpoint endpoint_websocket = {
    .pattern = "/ws/*",
    .kind = ENDPOINT_WEBSOCKET,
};

const struct endpoint endpoint_event_stream = {
    .pattern = "/sse/*",
    .kind = ENDPOINT_EVENT_STREAM,
};

const struct endpoint endpoint_request = {
    .pattern = "/client/*",
    .kind = ENDPOINT_REQUEST,
};

const struct protocol *const protocols[] = {
#define PROTOCOL_ROW(name) &protocol_##name,
    PROTOCOLS(PROTOCOL_ROW)
#undef PROTOCOL_ROW
        NULL,
};

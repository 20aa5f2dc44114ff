/* protocols: the table of wire protocols this server speaks.
 *
 * Owner:   static.
 * Thread:  any.
 * Limits:  none.
 * Failure: none. README.md explains how to add a protocol.
 */
#ifndef PEAL_PROTOCOLS_PROTOCOLS_H
#define PEAL_PROTOCOLS_PROTOCOLS_H

#include "messaging/protocol.h"

/* Endpoint of Peal's own protocols over WebSocket. */
extern const struct endpoint endpoint_websocket;

/* The same, over Server-Sent Events. */
extern const struct endpoint endpoint_event_stream;

/* The same, over single HTTP requests. */
extern const struct endpoint endpoint_request;

/* Every protocol: `protocol_<name>`, in a file of its own. */
#define PROTOCOLS(ROW)                                                         \
    ROW(echo)                                                                  \
    ROW(broadcast)                                                             \
    ROW(dashboard)                                                             \
    ROW(broadcast_stream)                                                      \
    ROW(broadcast_request)                                                     \
    ROW(pusher)

#define PROTOCOL_EXTERN(name) extern const struct protocol protocol_##name;
PROTOCOLS(PROTOCOL_EXTERN)
#undef PROTOCOL_EXTERN

/* The same, as a NULL-terminated list. */
extern const struct protocol *const protocols[];

#endif

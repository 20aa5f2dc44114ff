/* pusher_api: Pusher's HTTP API for backends, at /apps/<id>/...; each request
 * becomes one of Peal's commands.
 *
 * Owner:   static.
 * Thread:  any.
 * Limits:  those of Pusher: 100 channels per event, 10 events per batch, 600
 *          seconds between a signature and its use.
 * Failure: a status and plain text.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_API_H
#define PEAL_PROTOCOLS_PUSHER_API_H

#include "messaging/backend_route.h"

/* Ends with a route without a path. */
extern const struct backend_route pusher_api_routes[];

#endif

/* pusher_api: Pusher's HTTP API for backends, at /apps/<id>/...; each request
 * becomes a command of Peal's.
 *
 * Owner:   static.
 * Thread:  any.
 * Limits:  those of Pusher: 100 channels an event, 10 events a batch, 600
 * seconds between a signature and its use. Failure: a status, and a plain text.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_API_H
#define PEAL_PROTOCOLS_PUSHER_API_H

#include "messaging/backend_route.h"

/* Ended by one without a path. */
extern const struct backend_route pusher_api_routes[];

#endif

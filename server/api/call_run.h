/* call_run: the way of a call, for whoever serves HTTP: its body comes, it
 * runs, it is answered.
 *
 * Owner:   a call belongs to whoever began it (api_serve).
 * Thread:  the worker's that began it.
 * Limits:  the body's length, and the number of commands: struct api_options.
 * Failure: every call that runs gets a response.
 */
#ifndef PEAL_API_CALL_RUN_H
#define PEAL_API_CALL_RUN_H

#include <stdbool.h>

#include "base/bytes.h"

struct api_response;

/* A request whose response comes later. */
struct api_call;

/* A piece of the body; false when it is longer than was announced. */
bool api_call_add(struct api_call *call, struct bytes piece);

/* Once the body is there: `done` is called on this thread, once, never before
 * this returns, and not after api_call_free. The response is borrowed. If it
 * has more, that is to be asked for: it comes by `done` again. */
void api_call_run(struct api_call *call,
                  void (*done)(void *arg, const struct api_response *response),
                  void *arg);

void api_call_go_on(struct api_call *call);

/* At any time, also within `done`; NULL is ignored. What was asked of the bus
 * is done all the same. */
void api_call_free(struct api_call *call);

#endif

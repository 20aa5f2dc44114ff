/* call_run: the life of a call as the HTTP server sees it: feed its body, run
 * it, get its answer.
 *
 * Owner:   a call belongs to the caller of api_serve.
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

/* Adds a piece of the body; false if the body is longer than announced. */
bool api_call_add(struct api_call *call, struct bytes piece);

/* Runs the call once the body is complete. `done` is called once on this
 * thread, never before this function returns, and not after api_call_free. The
 * response is borrowed. If it has more, request the next part; `done` is then
 * called again. */
void api_call_run(struct api_call *call,
                  void (*done)(void *arg, const struct api_response *response),
                  void *arg);

void api_call_go_on(struct api_call *call);

/* May be called at any time, also within `done`; NULL is ignored. Submitted bus
 * requests are still executed. */
void api_call_free(struct api_call *call);

#endif

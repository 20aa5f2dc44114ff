/* body_guard: two places where libwebsockets trips over input that it holds
 * back, which pipelined requests bring about.
 *
 * Owner:   nothing is owned.
 * Thread:  any; what is said holds for the calling thread's next step.
 * Limits:  none.
 * Failure: body_guard_works tells whether it has any effect.
 */
#ifndef PEAL_NET_BODY_GUARD_H
#define PEAL_NET_BODY_GUARD_H

#include <stdbool.h>

struct lws;

/* Whether libwebsockets asks us at all; known once it has read anything. */
bool body_guard_works(void);

/* Said within the event of a request that has a body. */
void body_guard_expect_body(void);

/* Stops reading from a socket. */
void body_guard_pause(struct lws *wsi);

#endif

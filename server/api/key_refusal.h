/* key_refusal: refuses a command that the call's key does not permit; private
 * to api/.
 *
 * Owner:   nothing is owned.
 * Thread:  the call's worker.
 * Limits:  the log's rate.
 * Failure: none.
 */
#ifndef PEAL_API_KEY_REFUSAL_H
#define PEAL_API_KEY_REFUSAL_H

#include "api/call.h"
#include "messaging/refusal_reason.h"

/* Answers the part with the reason's status, counts and logs it. `field`: the
 * field that is not permitted. */
void key_refusal_answer(struct api_call *call, uint32_t part,
                        enum refusal_reason reason, const char *field);

#endif

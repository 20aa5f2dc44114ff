/* hook_answer: what the application answered to a question.
 *
 * Owner:   the question owns what is put into it.
 * Thread:  any.
 * Limits:  a reason is cut to what a close frame holds.
 * Failure: false and why, for an answer that cannot be understood; then the
 *          question is as it was.
 */
#ifndef PEAL_HOOKS_HOOK_ANSWER_H
#define PEAL_HOOKS_HOOK_ANSWER_H

#include "base/error.h"
#include "messaging/hook.h"

/* `payload_max`: bytes of a payload. */
bool hook_answer_read(struct bytes body, size_t payload_max,
                      struct question *question, struct error *why);

#endif

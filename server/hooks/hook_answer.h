/* hook_answer: parses the application's answer to a question.
 *
 * Owner:   the question owns the parsed values.
 * Thread:  any.
 * Limits:  a reason is truncated to fit a close frame.
 * Failure: false and the reason for an invalid answer; the question is then
 *          unchanged.
 */
#ifndef PEAL_HOOKS_HOOK_ANSWER_H
#define PEAL_HOOKS_HOOK_ANSWER_H

#include "base/error.h"
#include "messaging/hook.h"

/* `payload_max`: bytes of a payload. */
bool hook_answer_read(struct bytes body, size_t payload_max,
                      struct question *question, struct error *why);

#endif

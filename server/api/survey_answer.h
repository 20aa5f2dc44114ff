/* survey_answer: merges the instances' answers to a survey; private to api/.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  those of messaging/watch/survey.h, for each instance.
 * Failure: malformed answers are left out.
 */
#ifndef PEAL_API_SURVEY_ANSWER_H
#define PEAL_API_SURVEY_ANSWER_H

#include "base/buffer.h"
#include "messaging/request.h"

/* The answer to a survey about a client. */
void survey_answer_write_client(const struct request *request,
                                struct buffer *out);

/* The answer to a survey about refusals: up to request->limit, newest first. */
void survey_answer_write_refusals(const struct request *request,
                                  struct buffer *out);

#endif

/* survey_answer: what the instances said of a client, put together; private to
 * api/.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  those of messaging/watch/survey.h, for each instance.
 * Failure: an instance's answer that is not understood is left out.
 */
#ifndef PEAL_API_SURVEY_ANSWER_H
#define PEAL_API_SURVEY_ANSWER_H

#include "base/buffer.h"
#include "messaging/request.h"

/* The answer to a survey about a client. */
void survey_answer_write_client(const struct request *request,
                                struct buffer *out);

/* That about refusals: up to request->limit, the newest first. */
void survey_answer_write_refusals(const struct request *request,
                                  struct buffer *out);

#endif

/* cors: whose pages may read an answer (the Fetch standard's CORS protocol).
 *
 * Owner:   the response is the caller's.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_API_CORS_H
#define PEAL_API_CORS_H

#include <stdbool.h>

#include "base/bytes.h"

struct api_response;

/* What every answer to a page says: pages of `origin` may read it, if that is
 * allowed. */
void cors_add(struct bytes origin, bool is_allowed,
              struct api_response *response);

/* Answers OPTIONS: the methods, and the same to a page that may read it. */
void cors_answer_options(const char *allow, bool origin_is_allowed,
                         struct api_response *response);

#endif

/* cors: CORS headers (Fetch standard): which pages may read a response.
 *
 * Owner:   the caller owns the response.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_API_CORS_H
#define PEAL_API_CORS_H

#include <stdbool.h>

#include "base/bytes.h"

struct api_response;

/* Adds the headers that allow pages of `origin` to read the response, if
 * permitted. */
void cors_add(struct bytes origin, bool is_allowed,
              struct api_response *response);

/* Answers OPTIONS: the methods, and CORS headers for permitted origins. */
void cors_answer_options(const char *allow, bool origin_is_allowed,
                         struct api_response *response);

#endif

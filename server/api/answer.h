/* answer: a response filled in; private to api/.
 *
 * Owner:   the response, whose texts are owned by itself.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_API_ANSWER_H
#define PEAL_API_ANSWER_H

#include "api/api.h"

struct file;

/* Every status that a response may have. */
enum { ANSWER_STATUSES = 16 };

extern const struct answer_status {
    int status;
    const char *text;
} answer_statuses[ANSWER_STATUSES];

/* Its place in the table; ANSWER_STATUSES when it is not there. */
size_t answer_find_status(int status);

/* The response's text is JSON. */
void answer_set_json(struct api_response *response, int status);

/* {"error":...} */
void answer_set_error(struct api_response *response, int status,
                      const char *error);

/* A file, or that it has not changed: the client has what If-None-Match names
 * (RFC 9110 section 13.1.2). */
void answer_set_file(struct api_response *response, const struct file *file,
                     struct bytes if_none_match);

void answer_add_header(struct api_response *response, const char *name,
                       struct bytes value);

#endif

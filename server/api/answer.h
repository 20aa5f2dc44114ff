/* answer: a response, and how it is filled in.
 *
 * Owner:   the response owns its texts.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_API_ANSWER_H
#define PEAL_API_ANSWER_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"

struct file;

struct api_response {
    int status;
    const char *content_type; /* NULL: no body */
    struct bytes body;        /* the body sent; may be a view of `text` */
    struct buffer text;       /* owned */
    struct buffer headers;    /* owned: whole lines */
    bool is_continued;        /* `body` continues the previous one */
    bool has_more;            /* another part follows: api_call_go_on */
};

void api_response_deinit(struct api_response *response);

/* "OK", "Not Found", ... */
const char *api_status_text(int status);

/* ---- for api/ alone */

/* Every status of a response. */
enum { ANSWER_STATUSES = 21 };

extern const struct answer_status {
    int status;
    const char *text;
} answer_statuses[ANSWER_STATUSES];

/* The index of a status in the table; ANSWER_STATUSES if it is not there. */
size_t answer_find_status(int status);

/* Sets the response's text as JSON. */
void answer_set_json(struct api_response *response, int status);

/* {"error":...} */
void answer_set_error(struct api_response *response, int status,
                      const char *error);

/* Responds with a file, or 304 if the client already has the version that
 * If-None-Match names (RFC 9110 section 13.1.2). */
void answer_set_file(struct api_response *response, const struct file *file,
                     struct bytes if_none_match);

void answer_add_header(struct api_response *response, const char *name,
                       struct bytes value);

#endif

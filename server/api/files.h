/* files: the pages of web/, read into memory at the start.
 *
 * Only what was read is served, found by its exact path: a request cannot
 * name anything else on the disk.
 *
 * Owner:   the api.
 * Thread:  immutable once read.
 * Limits:  FILE_MAX bytes a file, FILES_MAX files; more stops the start.
 * Failure: files_read says which file and why.
 */
#ifndef PEAL_API_FILES_H
#define PEAL_API_FILES_H

#include "base/bytes.h"
#include "base/error.h"

enum { FILE_MAX = 4 * 1024 * 1024, FILES_MAX = 256 };

struct file {
    char *path; /* as in a URL: /index.html */
    const char *content_type;
    struct bytes content;
    char etag[24]; /* with its quotes, RFC 9110 section 8.8.3 */
};

struct files;

/* NULL and why when something cannot be read. */
struct files *files_read(const char *root, struct error *error);

/* NULL is ignored. */
void files_free(struct files *files);

/* "/" finds /index.html. NULL when there is no such file. */
const struct file *files_find(const struct files *files, struct bytes path);

#endif

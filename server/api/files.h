/* files: the pages of web/, loaded into memory at start-up.
 *
 * Only loaded files are served, by exact path, so that a request cannot reach
 * anything else on the disk.
 *
 * Owner:   the api.
 * Thread:  immutable once read.
 * Limits:  FILE_MAX bytes per file, FILES_MAX files; more abort the start.
 * Failure: files_read reports the file and the reason.
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

/* NULL and the reason if a file cannot be read. */
struct files *files_read(const char *root, struct error *error);

/* NULL is ignored. */
void files_free(struct files *files);

/* "/" finds /index.html. NULL when there is no such file. */
const struct file *files_find(const struct files *files, struct bytes path);

#endif

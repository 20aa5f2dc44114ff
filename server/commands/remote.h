/* remote: client side of a running server for commands such as `peal publish`:
 * blocking requests over plain or TLS connections.
 *
 * Owner:   the caller; remote_close frees what remote_open made.
 * Thread:  one, and it blocks.
 * Limits:  REMOTE_SECONDS without a byte; REMOTE_ANSWER_MAX bytes per response.
 * Failure: false, and the reason.
 */
#ifndef PEAL_REMOTE_H
#define PEAL_REMOTE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "commands/command_flags.h"

enum { REMOTE_SECONDS = 30, REMOTE_ANSWER_MAX = 256 << 20 };

/* The server and the credentials. */
struct remote_options {
    const char *url;  /* NULL: REMOTE_URL */
    const char *ca;   /* PEM file; NULL: the system's CAs */
    const char *cert; /* client certificate and key: PEM files, or NULL */
    const char *key;
};

#define REMOTE_URL "http://127.0.0.1:8080"

/* Flags for these fields, to put first in a command's table. */
#define REMOTE_FLAGS(type, member)                                             \
    {"url", "URL", offsetof(type, member.url),                                 \
     "the server, also unix:/PATH (" REMOTE_URL ")"},                          \
        REMOTE_TLS_FLAGS(type, member)
#define REMOTE_TLS_FLAGS(type, member)                                         \
    {"ca", "FILE", offsetof(type, member.ca),                                  \
     "PEM file with the CA of its certificate"},                               \
        {"cert", "FILE", offsetof(type, member.cert),                          \
         "PEM file with a client certificate, if required"},                   \
    {                                                                          \
        "cert-key", "FILE", offsetof(type, member.key),                        \
            "PEM file with that certificate's key"                             \
    }

struct remote;

/* Whether PEAL_API_KEY or PEAL_API_KEY_FILE is set. */
bool remote_has_key(void);

/* NULL and why. */
struct remote *remote_open(const struct remote_options *options,
                           struct error *error);

/* NULL is ignored. */
void remote_close(struct remote *remote);

bool remote_write(struct remote *remote, struct bytes bytes,
                  struct error *error);

/* Reads and appends at least one byte. `can_wait`: without a time limit. */
bool remote_read(struct remote *remote, struct buffer *in, bool can_wait,
                 struct error *error);

/* Sends the head of a request with a path relative to the URL; `headers`: whole
 * lines. */
bool remote_write_request(struct remote *remote, const char *method,
                          const char *path, const char *headers,
                          struct error *error);

/* Reads the head of a response; bytes after it stay in `in`. */
bool remote_read_head(struct remote *remote, struct buffer *in, int *status,
                      uint64_t *body_len, struct error *error);

/* Makes one request on a new connection. `body`: JSON, or NULL for a GET. The
 * key is read from PEAL_API_KEY. True for any status. */
bool remote_ask(const struct remote_options *options, const char *path,
                const char *body, int *status, struct buffer *answer,
                struct error *error);

/* The same, but a status other than 2xx is an error. */
bool remote_tell(const struct remote_options *options, const char *path,
                 const char *body, struct buffer *answer, struct error *error);

/* The same with any method. */
struct remote_request {
    const char *method;
    const char *path;
    const char *body; /* JSON, or NULL */
};

bool remote_do(const struct remote_options *options,
               const struct remote_request *request, struct buffer *answer,
               struct error *error);

/* Appends a text, percent-encoded for a URL. */
void remote_append_encoded(struct buffer *out, const char *text);

#endif

/* tls_reload: detects changes of the certificate, key and CA files.
 *
 * Owner:   struct tls.
 * Thread:  the main one.
 * Limits:  none.
 * Failure: a missing file counts as changed.
 */
#ifndef PEAL_NET_TLS_RELOAD_H
#define PEAL_NET_TLS_RELOAD_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "net/tls/tls_options.h"

/* Attributes that identify a version of a file. */
struct tls_file {
    struct timespec changed;
    ino_t number;
    off_t size;
};

struct tls_files {
    struct tls_file items[3];
};

struct tls_reload {
    struct tls_files loaded; /* when they were read or rejected */
    struct tls_files seen;   /* at the last tick */
};

/* Call before the files are read: later changes are then detected. */
struct tls_files tls_reload_look(const struct tls_options *options);

/* Sets the files in use. */
void tls_reload_note(struct tls_reload *reload, const struct tls_files *files);

/* Call once a second; true once per change. Because a certificate and its key
 * are rarely replaced at the same moment, a change is reported when nothing has
 * changed for a second. */
bool tls_reload_is_due(struct tls_reload *reload,
                       const struct tls_options *options);

#endif

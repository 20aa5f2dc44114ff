/* tls_reload: whether the files with certificate, key and CAs are others than
 * those that were read.
 *
 * Owner:   struct tls.
 * Thread:  the main one.
 * Limits:  none.
 * Failure: a file that is missing is a changed one.
 */
#ifndef PEAL_NET_TLS_RELOAD_H
#define PEAL_NET_TLS_RELOAD_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "net/tls/tls_options.h"

/* What tells that a file is another one than before. */
struct tls_file {
    struct timespec changed;
    ino_t number;
    off_t size;
};

struct tls_files {
    struct tls_file items[3];
};

struct tls_reload {
    struct tls_files loaded; /* as they were read or refused */
    struct tls_files seen;   /* at the last tick */
};

/* To be called before they are read: what changes meanwhile is read again. */
struct tls_files tls_reload_look(const struct tls_options *options);

/* These are in use now. */
void tls_reload_note(struct tls_reload *reload, const struct tls_files *files);

/* To be called once a second; true once for each change. A certificate and its
 * key are seldom replaced at the same moment: they are due when nothing has
 * changed for a second. */
bool tls_reload_is_due(struct tls_reload *reload,
                       const struct tls_options *options);

#endif

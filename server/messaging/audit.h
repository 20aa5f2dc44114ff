/* audit: one log line for each administrative action: what was done, with
 * which key, from where, to whom, why, and how it ended.
 *
 * Each line has kind=audit, so that it can be routed by itself, and is written
 * whatever log.level is.
 *
 * Owner:   the level is process-wide; an entry is borrowed for the call.
 * Thread:  audit_setup before threads start and on reload; the rest from any.
 * Limits:  those of a log line. The rate is that of the keys: only requests
 *          with a known key are audited.
 * Failure: as for any log line: one that cannot be written is counted.
 */
#ifndef PEAL_MESSAGING_AUDIT_H
#define PEAL_MESSAGING_AUDIT_H

#include <stdbool.h>

#include "base/bytes.h"

/* As in the config. */
#define AUDIT_LEVELS "off|changes|all"

enum audit_level {
    AUDIT_OFF,
    AUDIT_CHANGES, /* what concerns clients and who may connect */
    AUDIT_ALL      /* messages and questions, too */
};

struct audit_entry {
    const char *action;
    const char *key;     /* its name, or what stands in for a key */
    const char *address; /* of whoever asked */
    /* what it was about; empty: left out */
    struct bytes client;
    struct bytes channel;
    struct bytes target; /* an address, or a network */
    struct bytes reason;
    int status; /* HTTP's */
};

void audit_setup(enum audit_level level);

/* Whether actions of this kind are audited. */
bool audit_is_on(bool is_change);

void audit_write(const struct audit_entry *entry);

#endif

/* audit: logs administrative actions, one line each: action, key, address,
 * target, reason and result.
 *
 * Each line has kind=audit, so that it can be routed separately, and is written
 * at any log.level.
 *
 * Owner:   the level is process-wide; an entry is borrowed for the call.
 * Thread:  audit_setup before threads start and on reload; the rest from any.
 * Limits:  those of a log line. The rate is that of the keys: only requests
 *          with a known key are audited.
 * Failure: as for any log line: lost lines are counted.
 */
#ifndef PEAL_MESSAGING_AUDIT_H
#define PEAL_MESSAGING_AUDIT_H

#include <stdbool.h>

#include "base/bytes.h"

/* As in the config. */
#define AUDIT_LEVELS "off|changes|all"

enum audit_level {
    AUDIT_OFF,
    AUDIT_CHANGES, /* actions on clients and access */
    AUDIT_ALL      /* also messages and queries */
};

struct audit_entry {
    const char *action;
    const char *key;     /* name of the key, or its substitute */
    const char *address; /* of the requester */
    /* the target; empty: omitted */
    struct bytes client;
    struct bytes channel;
    struct bytes target; /* an address, or a network */
    struct bytes reason;
    int status; /* HTTP status */
};

void audit_setup(enum audit_level level);

/* Whether actions of this kind are audited. */
bool audit_is_on(bool is_change);

void audit_write(const struct audit_entry *entry);

#endif

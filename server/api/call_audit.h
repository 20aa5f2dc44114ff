/* call_audit: collects the audit log entry of one command, from its fields to
 * its answer; private to api/.
 *
 * Owner:   its creator, until call_audit_write frees it. The key's name is
 *          borrowed.
 * Thread:  the worker's.
 * Limits:  AUDIT_TEXT_MAX bytes of each text; a longer one is cut.
 * Failure: none.
 */
#ifndef PEAL_API_CALL_AUDIT_H
#define PEAL_API_CALL_AUDIT_H

#include "base/bytes.h"
#include "base/ip_address.h"

enum { AUDIT_TEXT_MAX = 256 };

/* The requester and the command. */
struct call_actor {
    const char *action;
    const char *key;
    struct ip_address address;
};

/* The affected objects: JSON as sent, empty if absent. */
struct call_target {
    struct bytes client;
    struct bytes channel;
    struct bytes address;
    struct bytes reason;
};

struct call_audit;

struct call_audit *call_audit_new(const struct call_actor *actor,
                                  const struct call_target *target);

/* Writes the entry with its result, and frees it. NULL is ignored. */
void call_audit_write(struct call_audit *audit, int status);

#endif

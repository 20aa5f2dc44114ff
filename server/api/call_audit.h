/* call_audit: what the audit log will say about one command, from its fields
 * to its answer; private to api/.
 *
 * Owner:   whoever made it, until call_audit_write frees it. The key's name
 *          is borrowed.
 * Thread:  the worker's.
 * Limits:  AUDIT_TEXT_MAX bytes of each text; a longer one is cut.
 * Failure: none.
 */
#ifndef PEAL_API_CALL_AUDIT_H
#define PEAL_API_CALL_AUDIT_H

#include "base/bytes.h"
#include "base/ip_address.h"

enum { AUDIT_TEXT_MAX = 256 };

/* Who asks, and for what. */
struct call_actor {
    const char *action;
    const char *key;
    struct ip_address address;
};

/* What it is about: JSON as it was sent, empty where absent. */
struct call_target {
    struct bytes client;
    struct bytes channel;
    struct bytes address;
    struct bytes reason;
};

struct call_audit;

struct call_audit *call_audit_new(const struct call_actor *actor,
                                  const struct call_target *target);

/* How it ended; frees it. NULL is ignored. */
void call_audit_write(struct call_audit *audit, int status);

#endif

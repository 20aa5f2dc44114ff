/* identity: who a connection is and what it may do, as its token said.
 *
 * Owner:   caps are counted; an identity holds one reference.
 * Thread:  caps are immutable and counted atomically; an identity belongs to
 *          its connection's worker.
 * Limits:  CAPS_RULES_MAX rules, CAPS_PATTERNS_MAX patterns a rule.
 * Failure: caps_parse tells in words what is wrong.
 */
#ifndef PEAL_MESSAGING_IDENTITY_H
#define PEAL_MESSAGING_IDENTITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"

enum { CAPS_RULES_MAX = 64, CAPS_PATTERNS_MAX = 64 };

/* What a rule may allow: one bit each. */
enum capability {
    CAN_SUBSCRIBE = 1,    /* "sub" */
    CAN_PUBLISH = 2,      /* "pub" */
    CAN_SEE_PRESENCE = 4, /* "prs" */
    CAN_SEE_HISTORY = 8,  /* "hst" */
    CAN_SEND_DIRECT = 16  /* "dir": patterns are client ids here */
};

struct caps;

struct identity {
    struct caps *caps;       /* never NULL once open */
    int64_t expires_seconds; /* wall clock; 0: never */
};

/* Reads `[{"channels":["chat:*"],"allow":["sub","pub"]}]`. Returns an owned
 * reference, or NULL and why. */
struct caps *caps_parse(const struct json *json, struct error *error);

/* A new reference to caps that allow everything. */
struct caps *caps_everything(void);

/* Adds a reference and returns `caps`. */
struct caps *caps_ref(struct caps *caps);

/* Drops a reference; NULL is ignored. */
void caps_unref(struct caps *caps);

/* Whether any rule allows `what` on this channel (or client id). */
bool caps_allow(const struct caps *caps, enum capability what,
                struct bytes name);

#endif

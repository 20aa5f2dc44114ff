/* identity: a connection's identity and capabilities, from its token.
 *
 * Owner:   caps are reference-counted; an identity holds one reference.
 * Thread:  caps are immutable and counted atomically; an identity belongs to
 *          its connection's worker.
 * Limits:  CAPS_RULES_MAX rules, CAPS_PATTERNS_MAX patterns per rule, and as
 *          many clients.
 * Failure: caps_parse returns the reason.
 */
#ifndef PEAL_MESSAGING_IDENTITY_H
#define PEAL_MESSAGING_IDENTITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text_list.h"

enum { CAPS_RULES_MAX = 64, CAPS_PATTERNS_MAX = 64 };

/* The capabilities of a rule: one bit each. */
enum capability {
    CAN_SUBSCRIBE = 1,    /* "sub" */
    CAN_PUBLISH = 2,      /* "pub" */
    CAN_SEE_PRESENCE = 4, /* "prs" */
    CAN_SEE_HISTORY = 8,  /* "hst" */
    CAN_SEND_DIRECT = 16, /* "dir": names are client ids here */
    CAN_HIDE = 32         /* "hid": subscribes without being a member */
};

struct caps;

struct identity {
    struct caps *caps;       /* never NULL once open */
    char *info;              /* see info.h; or NULL; owned */
    int64_t expires_seconds; /* wall clock; 0: never */
    bool has_token;          /* proven by a token, of this generation */
    uint32_t generation;
};

/* Frees what it owns. */
void identity_deinit(struct identity *identity);

/* Reads `[{"channels":["chat:*"],"allow":["sub","pub"]}]`; a rule may also have
 * "clients", a list of exact ids for "dir", and "events", which restricts "pub"
 * and "dir" to these events. Returns an owned reference, or NULL and the
 * reason. */
struct caps *caps_parse(const struct json *json, struct error *error);

/* Whether all members of these rules, which caps_parse has accepted, are known.
 * Unknown members of a token may belong to a later release, but in a config
 * they are mistakes, and may allow more than intended. */
bool caps_check_members(const struct json *json, struct error *error);

/* For caps that were created for this client and are not shared yet. If the
 * application puts "inbox:" before the client id, a client named "a*" must not
 * get the pattern "inbox:a*": a pattern that ends with the client's own id is
 * taken literally. */
void caps_take_literally(struct caps *caps, struct bytes client);

/* A new reference to caps that allow everything, except "hid". */
struct caps *caps_everything(void);

/* A new reference to caps that allow nothing. */
struct caps *caps_nothing(void);

/* Adds a reference and returns `caps`. */
struct caps *caps_ref(struct caps *caps);

/* Drops a reference; NULL is ignored. */
void caps_unref(struct caps *caps);

/* Whether the caps are limited to these channel patterns, and "dir" to these
 * client patterns. */
bool caps_are_within(const struct caps *caps, const struct text_list *channels,
                     const struct text_list *clients);

/* Whether any rule allows `what` on this channel (or client id). */
bool caps_allow(const struct caps *caps, enum capability what,
                struct bytes name);

/* The same for a message with that event, which may be empty. */
bool caps_allow_event(const struct caps *caps, enum capability what,
                      struct bytes name, struct bytes event);

#endif

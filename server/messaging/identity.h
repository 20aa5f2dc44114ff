/* identity: who a connection is and what it may do, as its token said.
 *
 * Owner:   caps are counted; an identity holds one reference.
 * Thread:  caps are immutable and counted atomically; an identity belongs to
 *          its connection's worker.
 * Limits:  CAPS_RULES_MAX rules, CAPS_PATTERNS_MAX patterns a rule, and as
 *          many clients.
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
#include "base/text_list.h"

enum { CAPS_RULES_MAX = 64, CAPS_PATTERNS_MAX = 64 };

/* What a rule may allow: one bit each. */
enum capability {
    CAN_SUBSCRIBE = 1,    /* "sub" */
    CAN_PUBLISH = 2,      /* "pub" */
    CAN_SEE_PRESENCE = 4, /* "prs" */
    CAN_SEE_HISTORY = 8,  /* "hst" */
    CAN_SEND_DIRECT = 16, /* "dir": names are client ids here */
    CAN_HIDE = 32         /* "hid": is no member of channels it subscribes to */
};

struct caps;

struct identity {
    struct caps *caps;       /* never NULL once open */
    char *info;              /* see info.h; or NULL; owned */
    int64_t expires_seconds; /* wall clock; 0: never */
    bool has_token;          /* proven by a token, of this generation */
    uint32_t generation;
};

/* Gives back what it owns. */
void identity_deinit(struct identity *identity);

/* Reads `[{"channels":["chat:*"],"allow":["sub","pub"]}]`; a rule may also have
 * "clients", a list of exact ids for "dir", and "events": what may then be
 * published and sent are these events alone. Returns an owned reference, or
 * NULL and why. */
struct caps *caps_parse(const struct json *json, struct error *error);

/* Whether all members of these rules, which caps_parse has taken, are known
 * ones. Others in a token may be of a later release, but in a config they are
 * mistakes, and may allow more than was meant. */
bool caps_check_members(const struct json *json, struct error *error);

/* For caps that were made for this client and are nobody else's yet. A client
 * that calls itself "a*" must not get "inbox:a*" as a pattern because its
 * application put "inbox:" before the id: a pattern that ends with the client's
 * own id means that one name. */
void caps_take_literally(struct caps *caps, struct bytes client);

/* A new reference to caps that allow everything, and hide nobody. */
struct caps *caps_everything(void);

/* A new reference to caps that allow nothing. */
struct caps *caps_nothing(void);

/* Adds a reference and returns `caps`. */
struct caps *caps_ref(struct caps *caps);

/* Drops a reference; NULL is ignored. */
void caps_unref(struct caps *caps);

/* Whether the caps allow nothing beyond these patterns of channels, and "dir"
 * nothing beyond these of clients. */
bool caps_are_within(const struct caps *caps, const struct text_list *channels,
                     const struct text_list *clients);

/* Whether any rule allows `what` on this channel (or client id). */
bool caps_allow(const struct caps *caps, enum capability what,
                struct bytes name);

/* The same for a message with that event, which may be empty. */
bool caps_allow_event(const struct caps *caps, enum capability what,
                      struct bytes name, struct bytes event);

#endif

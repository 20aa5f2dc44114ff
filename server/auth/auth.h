/* auth: who may connect. Judges a handshake before it becomes a WebSocket,
 * and a fresh token on an open one.
 *
 * Owner:   struct auth owns its keys; a verdict's identity goes to the caller.
 * Thread:  auth_new on the main thread; judging from any thread, since
 *          struct auth is immutable.
 * Limits:  client ids and tokens as in names.h and TOKEN_MAX.
 * Failure: auth_new says which option is wrong; a refusal carries status,
 *          error text and reason.
 */
#ifndef PEAL_AUTH_AUTH_H
#define PEAL_AUTH_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/text_list.h"
#include "messaging/close_reason.h"
#include "messaging/identity.h"
#include "messaging/names.h"

enum { TOKEN_MAX = 8192 };

struct auth_options {
    char *secret;                /* HMAC secret; NULL: none */
    char *key_file;              /* PEM public key (or certificate) */
    char *jwks_file;             /* JSON Web Key Set */
    struct text_list algorithms; /* allowed, e.g. HS256, ES256 */
    char *audience;              /* NULL: not checked */
    char *issuer;                /* NULL: not checked */
    uint32_t leeway_seconds;     /* for exp and nbf; an identity's expiry
                                    includes it */
    bool query_token;            /* ?token= is accepted */
    struct text_list origins;    /* allowed, as in origin.h */
    char *default_protocol;
    struct caps *default_caps; /* for a token without caps */
    bool certificates;         /* of clients count as well as tokens */
};

/* What a client asks for. All borrowed, empty where absent. */
struct handshake {
    struct bytes method;
    struct bytes path;    /* percent-decoded, without the query */
    struct bytes version; /* Sec-WebSocket-Version */
    struct bytes key;     /* Sec-WebSocket-Key */
    struct bytes host;
    struct bytes origin;
    struct bytes authorization;
    struct bytes cookie;
    struct bytes subprotocols; /* Sec-WebSocket-Protocol */
    struct bytes query_protocol;
    struct bytes query_ticket;
    struct bytes query_token;
    struct bytes certificate_name; /* verified; only where it counts */
};

/* The answer: status 101 lets the client in; VERDICT_TICKET says that its
 * ticket must be redeemed, and then auth_judge_ticket asked. */
enum { VERDICT_TICKET = 100 };

struct verdict {
    int status;              /* or the HTTP status of the refusal */
    const char *error;       /* text for the refusal's body */
    const char *reason;      /* more, for explain_refusals; or NULL */
    enum close_reason close; /* how an explained refusal is closed */
    const char *protocol;    /* the name chosen, from the table given */
    char client_id[CLIENT_ID_MAX + 1];
    struct identity identity; /* owned by the caller when status is 101 */
};

struct auth;

/* `protocols` are the names the server speaks, ended by NULL; borrowed. The
 * options are copied. NULL and an error when a key cannot be read or fits no
 * algorithm. */
struct auth *auth_new(const struct auth_options *options,
                      const char *const *protocols, struct error *error);

/* NULL is ignored. */
void auth_free(struct auth *auth);

/* Whether clients have to prove who they are: without a key, and without
 * certificates, everybody is let in. */
bool auth_is_configured(const struct auth *auth);

/* Judges a handshake in the order of protocols/README.md. Where nobody has to
 * prove anything a token brought along is not looked at. A certificate does in
 * place of a token; with both, the token says what is allowed. */
void auth_judge(const struct auth *auth, const struct handshake *handshake,
                struct verdict *verdict);

/* Judges what a ticket says that was redeemed, NULL for one that is not good
 * (any more): status 101 and the identity, or a refusal. The verdict is the one
 * of auth_judge. */
void auth_judge_ticket(const struct auth *auth, const char *content,
                       struct verdict *verdict);

/* Judges a token that an open connection of `client_id` brings: a refusal has
 * `error` and `reason`, and status 101 the new identity. */
void auth_judge_token(const struct auth *auth, struct bytes token,
                      const char *client_id, struct verdict *verdict);

/* Whether a browser page of this origin may talk to us: it is on the list or
 * the same as `host`. */
bool auth_origin_is_allowed(const struct auth *auth, struct bytes origin,
                            struct bytes host);

#endif

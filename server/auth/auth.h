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

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/text_list.h"
#include "messaging/verdict.h"

enum { TOKEN_MAX = 8192 };

struct auth_options {
    char *secret;    /* HMAC secret; NULL: none */
    char *key_file;  /* PEM public key (or certificate) */
    char *jwks_file; /* JSON Web Key Set */
    char *jwks_url;  /* where such a set is fetched */
    char *jwks_ca;   /* who signs that server; NULL: the system's */
    uint32_t jwks_refresh_seconds;
    const char *jwks_text;   /* what was fetched; NULL: nothing yet */
    const char *own_keys;    /* a key set that accounts sign with, or NULL */
    bool tokens_optional;    /* who brings none is let in */
    atomic_bool *wants_keys; /* set when a token's key is unknown; or NULL */
    struct text_list algorithms; /* allowed, e.g. HS256, ES256 */
    char *audience;              /* NULL: not checked */
    char *issuer;                /* NULL: not checked */
    char *client_claim;          /* names the client; NULL: sub */
    uint32_t leeway_seconds;     /* for exp and nbf; an identity's expiry
                                    includes it */
    bool query_token;            /* ?token= is accepted */
    struct text_list origins;    /* allowed, as in origin.h */
    bool loopback_origins;       /* pages of this machine may connect too */
    bool loopback_hosts;         /* only under names of loopback */
    char *default_protocol;
    struct caps *default_caps; /* for a token without caps */
    bool certificates;         /* of clients count as well as tokens */
};

struct auth;
struct protocol;

/* `protocols` are those the server speaks, ended by NULL; borrowed. The
 * options are copied. NULL and an error when a key cannot be read or fits no
 * algorithm. */
struct auth *auth_new(const struct auth_options *options,
                      const struct protocol *const *protocols,
                      struct error *error);

/* NULL is ignored. */
void auth_free(struct auth *auth);

/* Whether a token could be good: there is a key, or none is needed. */
bool auth_has_keys(const struct auth *auth);

/* About keys that were skipped, a text each. */
const struct text_list *auth_warnings(const struct auth *auth);

/* Whether clients have to prove who they are: without a key, and without
 * certificates, everybody is let in. */
bool auth_is_configured(const struct auth *auth);

/* Judges a handshake in the order of protocols/websocket.md. Where nobody has
 * to prove anything a token brought along is not looked at. A certificate does
 * in place of a token; with both, the token says what is allowed. */
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
 * the same as `host`, which was reached over TLS if `is_secure`. */
bool auth_origin_is_allowed(const struct auth *auth, struct bytes origin,
                            struct bytes host, bool is_secure);

/* Whether we may be called by this name. A page of elsewhere whose name was
 * made to lead here (DNS rebinding) is of the same origin as that name. A
 * browser always says the name; HTTP/1.0 need not. */
bool auth_host_is_allowed(const struct auth *auth, struct bytes host);

#endif

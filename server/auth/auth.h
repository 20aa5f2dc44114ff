/* auth: authenticates and authorizes clients. Checks a handshake before it
 * becomes a WebSocket, and token refreshes on open connections.
 *
 * Owner:   struct auth owns its keys; the caller owns a verdict's identity.
 * Thread:  auth_new on the main thread; checks from any thread, because struct
 *          auth is immutable.
 * Limits:  client ids and tokens as in names.h and TOKEN_MAX.
 * Failure: auth_new names the invalid option; a refusal carries status, error
 *          text and reason.
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
    char *jwks_url;  /* URL of such a set */
    char *jwks_ca;   /* CAs of that server; NULL: the system's */
    uint32_t jwks_refresh_seconds;
    const char *jwks_text;   /* the fetched set; NULL: nothing yet */
    const char *own_keys;    /* key set of the accounts, or NULL */
    bool tokens_optional;    /* clients without a token are accepted */
    atomic_bool *wants_keys; /* set when a token's key is unknown; or NULL */
    struct text_list algorithms; /* allowed, e.g. HS256, ES256 */
    char *audience;              /* NULL: not checked */
    char *issuer;                /* NULL: not checked */
    char *client_claim;          /* claim with the client id; NULL: sub */
    uint32_t leeway_seconds;     /* for exp and nbf; an identity's expiry
                                    includes it */
    bool query_token;            /* ?token= is accepted */
    struct text_list origins;    /* allowed, as in origin.h */
    bool loopback_origins;       /* pages from this machine may connect too */
    bool loopback_hosts;         /* only under loopback names */
    char *default_protocol;
    struct caps *default_caps; /* for a token without caps */
    bool certificates; /* client certificates authenticate like tokens */
};

struct auth;
struct protocol;

/* `protocols`: the server's protocols, NULL-terminated, borrowed. The options
 * are copied. NULL and an error if a key cannot be read or matches no
 * algorithm. */
struct auth *auth_new(const struct auth_options *options,
                      const struct protocol *const *protocols,
                      struct error *error);

/* NULL is ignored. */
void auth_free(struct auth *auth);

/* Whether a token can be valid: there is a key, or none is needed. */
bool auth_has_keys(const struct auth *auth);

/* Messages about skipped keys, one each. */
const struct text_list *auth_warnings(const struct auth *auth);

/* Whether clients must authenticate. Without keys and certificates, every
 * client is accepted. */
bool auth_is_configured(const struct auth *auth);

/* Checks a handshake in the order of protocols/websocket.md. If authentication
 * is off, a token is ignored. A certificate can replace a token; with both, the
 * token determines the capabilities. */
void auth_judge(const struct auth *auth, const struct handshake *handshake,
                struct verdict *verdict);

/* Checks the content of a redeemed ticket, NULL for an invalid one: status 101
 * and the identity, or a refusal. The verdict is the one of auth_judge. */
void auth_judge_ticket(const struct auth *auth, const char *content,
                       struct verdict *verdict);

/* Checks a token sent by an open connection of `client_id`: status 101 and the
 * new identity, or a refusal with `error` and `reason`. */
void auth_judge_token(const struct auth *auth, struct bytes token,
                      const char *client_id, struct verdict *verdict);

/* Whether pages of this origin may connect: it is on the list, or equals
 * `host`, which was reached over TLS if `is_secure`. */
bool auth_origin_is_allowed(const struct auth *auth, struct bytes origin,
                            struct bytes host, bool is_secure);

/* Whether the host name is allowed. This prevents DNS rebinding: a foreign page
 * whose name resolves to this server would have the same origin as that name.
 * Browsers always send a host name; HTTP/1.0 clients need not. */
bool auth_host_is_allowed(const struct auth *auth, struct bytes host);

#endif

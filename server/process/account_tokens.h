/* account_tokens: signs and verifies access tokens of accounts, and manages
 * their keys.
 *
 * Tokens are signed with auth.secret if set, otherwise with the keys of a file,
 * which is created at the first start and reread when it changes.
 *
 * Owner:   the server.
 * Thread:  account_tokens_sign, _judge and _publish from any, under a lock; the
 *          rest from the main thread.
 * Limits:  a token is valid for accounts.token_seconds.
 * Failure: account_tokens_new reports what is wrong with the file; if it
 *          becomes invalid later, an error is logged and the previous keys stay
 *          in use.
 */
#ifndef PEAL_ACCOUNT_TOKENS_H
#define PEAL_ACCOUNT_TOKENS_H

#include "accounts/account.h"
#include "accounts/account_options.h"
#include "auth/auth.h"
#include "base/buffer.h"

struct account_tokens;

/* The options at start-up are borrowed. */
struct account_tokens *account_tokens_new(const struct account_options *options,
                                          const struct auth_options *auth,
                                          struct error *error);

/* NULL is ignored. */
void account_tokens_free(struct account_tokens *tokens);

/* The public keys as a set, for auth_options.own_keys; NULL: auth.secret. Valid
 * until the next tick. */
const char *account_tokens_keys(const struct account_tokens *tokens);

/* Call once a second: whether the keys have changed. */
bool account_tokens_tick(struct account_tokens *tokens);

/* For struct account_signer. */
bool account_tokens_sign(void *tokens, const struct account *account,
                         struct buffer *out);

/* Whether an access token is valid, and whose it is. */
bool account_tokens_judge(const struct account_tokens *tokens,
                          struct bytes token, char id[ACCOUNT_ID_LEN + 1],
                          uint32_t *generation);

/* Appends the JSON Web Key Set for /.well-known/jwks.json. */
void account_tokens_publish(const struct account_tokens *tokens,
                            struct buffer *out);

#endif

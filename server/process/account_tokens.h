/* account_tokens: the access tokens of accounts: signed, judged, and the keys
 * for that.
 *
 * Signed with auth.secret where that is set, else with the keys of a file,
 * which is made at the first start and read again when it changes.
 *
 * Owner:   the server.
 * Thread:  account_tokens_sign, _judge and _publish from any, under a lock;
 *          the rest from the main thread.
 * Limits:  a token is good for accounts.token_seconds.
 * Failure: account_tokens_new says what is wrong with the file; one that is
 *          broken later is logged, and what was read before stays.
 */
#ifndef PEAL_ACCOUNT_TOKENS_H
#define PEAL_ACCOUNT_TOKENS_H

#include "accounts/account.h"
#include "accounts/account_options.h"
#include "auth/auth.h"
#include "base/buffer.h"

struct account_tokens;

/* Options are borrowed: those of the start. */
struct account_tokens *account_tokens_new(const struct account_options *options,
                                          const struct auth_options *auth,
                                          struct error *error);

/* NULL is ignored. */
void account_tokens_free(struct account_tokens *tokens);

/* The public keys as a set, for auth_options.own_keys; NULL: auth.secret. Good
 * until the next tick. */
const char *account_tokens_keys(const struct account_tokens *tokens);

/* Once a second: whether there are other keys. */
bool account_tokens_tick(struct account_tokens *tokens);

/* An account_signer's. */
bool account_tokens_sign(void *tokens, const struct account *account,
                         struct buffer *out);

/* Whether an access token of ours is good, and whose it is. */
bool account_tokens_judge(const struct account_tokens *tokens,
                          struct bytes token, char id[ACCOUNT_ID_LEN + 1],
                          uint32_t *generation);

/* Appends the JSON Web Key Set for /.well-known/jwks.json. */
void account_tokens_publish(const struct account_tokens *tokens,
                            struct buffer *out);

#endif

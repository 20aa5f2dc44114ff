/* token_keys: what tokens are judged with: the keys of the config and, with
 * auth.jwks_url, those that are fetched; and those that accounts sign with.
 *
 * Owner:   the server.
 * Thread:  the main thread.
 * Limits:  TOKEN_KEYS_FIRST_MS are waited for the first set.
 * Failure: as auth_new; a set that cannot be used is logged.
 */
#ifndef PEAL_TOKEN_KEYS_H
#define PEAL_TOKEN_KEYS_H

#include "auth/auth.h"
#include "process/account_service.h"

enum { TOKEN_KEYS_FIRST_MS = 5000 };

struct token_keys;

/* `options`: those of the start, borrowed, as are the accounts (NULL: none).
 * With a URL it waits for the first set. */
struct token_keys *token_keys_new(const struct auth_options *options,
                                  struct account_service *accounts);

/* When nobody uses what token_keys_build gave any more; NULL is ignored. */
void token_keys_free(struct token_keys *keys);

/* By these options and what was fetched. The URL stays that of the start. */
struct auth *token_keys_build(const struct token_keys *keys,
                              const struct auth_options *options,
                              struct error *error);

/* Once a second. Whether a new set has come, so that a new struct auth is to
 * be built. */
bool token_keys_tick(struct token_keys *keys);

#endif

/* token_keys: the keys that verify tokens: those of the config, the ones
 * fetched from auth.jwks_url, and those of the accounts.
 *
 * Owner:   the server.
 * Thread:  the main thread.
 * Limits:  waits TOKEN_KEYS_FIRST_MS for the first set.
 * Failure: as auth_new; an unusable set is logged.
 */
#ifndef PEAL_TOKEN_KEYS_H
#define PEAL_TOKEN_KEYS_H

#include "auth/auth.h"
#include "process/account_service.h"

enum { TOKEN_KEYS_FIRST_MS = 5000 };

struct token_keys;

/* `options`: those at start-up, borrowed, like the accounts (NULL: none). With
 * a URL, waits for the first set. */
struct token_keys *token_keys_new(const struct auth_options *options,
                                  struct account_service *accounts);

/* Call when results of token_keys_build are no longer used; NULL is ignored. */
void token_keys_free(struct token_keys *keys);

/* Builds auth from these options and the fetched keys. The URL is the one at
 * start-up. */
struct auth *token_keys_build(const struct token_keys *keys,
                              const struct auth_options *options,
                              struct error *error);

/* Call once a second. Whether a new set has arrived, so that a new struct auth
 * must be built. */
bool token_keys_tick(struct token_keys *keys);

#endif

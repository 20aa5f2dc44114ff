#include "process/token_keys.h"

#include <stdlib.h>

#include "auth/jwks_fetcher.h"
#include "base/memory.h"
#include "protocols/protocols.h"

struct token_keys {
    const struct auth_options *options;
    struct account_service *accounts; /* NULL: none */
    struct jwks_fetcher *fetcher;     /* NULL: no auth.jwks_url */
    char *text;                       /* what it fetched; NULL: nothing yet */
};

struct token_keys *token_keys_new(const struct auth_options *options,
                                  struct account_service *accounts)
{
    struct token_keys *keys = memory_new(1, sizeof *keys);
    keys->options = options;
    keys->accounts = accounts;
    if (options->jwks_url) {
        keys->fetcher = jwks_fetcher_new(options);
        jwks_fetcher_wait(keys->fetcher, TOKEN_KEYS_FIRST_MS);
        token_keys_tick(keys);
    }
    return keys;
}

void token_keys_free(struct token_keys *keys)
{
    if (!keys)
        return;
    jwks_fetcher_free(keys->fetcher);
    free(keys->text);
    free(keys);
}

struct auth *token_keys_build(const struct token_keys *keys,
                              const struct auth_options *options,
                              struct error *error)
{
    struct auth_options all = *options;
    all.jwks_url = keys->options->jwks_url;
    all.own_keys = account_service_keys(keys->accounts);
    if (keys->fetcher) {
        all.jwks_text = keys->text;
        all.wants_keys = jwks_fetcher_wanted(keys->fetcher);
    }
    return auth_new(&all, protocols, error);
}

bool token_keys_tick(struct token_keys *keys)
{
    bool has_own = account_service_tick(keys->accounts);
    char *text = keys->fetcher ? jwks_fetcher_tick(keys->fetcher) : NULL;
    if (!text)
        return has_own;
    free(keys->text);
    keys->text = text;
    return true;
}

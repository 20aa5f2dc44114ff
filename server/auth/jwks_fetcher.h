/* jwks_fetcher: a JSON Web Key Set kept up to date from a URL (libcurl).
 *
 * A thread of its own fetches the set at the start, then every
 * auth.jwks_refresh_seconds, and sooner when a token names a key that is not
 * in it. While the source cannot be reached, the last set stays in use.
 *
 * Owner:   the server; texts that are taken belong to the taker.
 * Thread:  the main thread, but for the flag of jwks_fetcher_wanted.
 * Limits:  1 MiB, 10 seconds a request, JWKS_INTERVAL_MS between two of them.
 * Failure: logged; the next attempt comes after a pause.
 */
#ifndef PEAL_AUTH_JWKS_FETCHER_H
#define PEAL_AUTH_JWKS_FETCHER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "auth/auth.h"

enum { JWKS_INTERVAL_MS = 5000 };

struct jwks_fetcher;

/* Whether keys may come from this URL: https, or http on this machine. */
bool jwks_fetcher_check_url(const char *url, struct error *error);

/* Starts the thread; the options are borrowed. */
struct jwks_fetcher *jwks_fetcher_new(const struct auth_options *options);

/* NULL is ignored. */
void jwks_fetcher_free(struct jwks_fetcher *fetcher);

/* Waits until the first attempt has ended, so long at most. */
void jwks_fetcher_wait(struct jwks_fetcher *fetcher, unsigned ms);

/* To be set, by any thread, when a token names an unknown key. */
atomic_bool *jwks_fetcher_wanted(struct jwks_fetcher *fetcher);

/* Once a second: sees to what is wanted. The newest set as an owned text, if
 * it has changed since the last call; else NULL. */
char *jwks_fetcher_tick(struct jwks_fetcher *fetcher);

#endif

/* jwks_fetcher: keeps a JSON Web Key Set from a URL up to date (libcurl).
 *
 * A separate thread fetches the set at start-up, then every
 * auth.jwks_refresh_seconds, and sooner if a token names a key that is not in
 * it. While the source is unreachable, the last set stays in use.
 *
 * Owner:   the server; the caller owns returned texts.
 * Thread:  the main thread, except for the flag of jwks_fetcher_wanted.
 * Limits:  1 MiB and 10 seconds per request, JWKS_INTERVAL_MS between requests.
 * Failure: logged; the next attempt comes after a pause.
 */
#ifndef PEAL_AUTH_JWKS_FETCHER_H
#define PEAL_AUTH_JWKS_FETCHER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "auth/auth.h"

enum { JWKS_INTERVAL_MS = 5000 };

struct jwks_fetcher;

/* Whether keys may be fetched from this URL: https, or http on this machine. */
bool jwks_fetcher_check_url(const char *url, struct error *error);

/* Starts the thread; the options are borrowed. */
struct jwks_fetcher *jwks_fetcher_new(const struct auth_options *options);

/* NULL is ignored. */
void jwks_fetcher_free(struct jwks_fetcher *fetcher);

/* Waits until the first attempt has ended, at most the given time. */
void jwks_fetcher_wait(struct jwks_fetcher *fetcher, unsigned ms);

/* Flag to set, by any thread, when a token names an unknown key. */
atomic_bool *jwks_fetcher_wanted(struct jwks_fetcher *fetcher);

/* Call once a second. Returns the newest set as an owned text if it has changed
 * since the last call, otherwise NULL. */
char *jwks_fetcher_tick(struct jwks_fetcher *fetcher);

#endif

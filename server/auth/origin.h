/* origin: which web pages may talk to us (RFC 6454).
 *
 * Owner:   everything is borrowed.
 * Thread:  any.
 * Limits:  a pattern is an origin, `scheme://host[:port]`, or one whose host
 *          is `*.` and a domain, or the word `null`.
 * Failure: what is no origin matches nothing.
 */
#ifndef PEAL_AUTH_ORIGIN_H
#define PEAL_AUTH_ORIGIN_H

#include <stdbool.h>

#include "base/bytes.h"

/* Whether an allow-list may hold this. */
bool origin_pattern_is_valid(const char *pattern);

/* A pattern's host `*.example.com` matches a.example.com and
 * b.a.example.com, not example.com itself. Scheme and port must be the same;
 * case does not count.
 */
bool origin_matches(const char *pattern, struct bytes origin);

/* Whether the page was served from `host` (a Host header), where a missing
 * port is that of the origin's scheme. */
bool origin_is_same(struct bytes origin, struct bytes host);

#endif

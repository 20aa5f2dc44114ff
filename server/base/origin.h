/* origin: web origins and patterns of them (RFC 6454).
 *
 * Owner:   everything is borrowed.
 * Thread:  any.
 * Limits:  a pattern is an origin, `scheme://host[:port]`, with `*.` before a
 *          domain, `:*` for any port, or both; or `null`, `file://` (Electron,
 *          Cordova), or `*`: any origin.
 * Failure: an invalid origin matches nothing.
 */
#ifndef PEAL_BASE_ORIGIN_H
#define PEAL_BASE_ORIGIN_H

#include <stdbool.h>

#include "base/bytes.h"

/* Whether an allow-list may contain the pattern. */
bool origin_pattern_is_valid(const char *pattern);

/* Why a pattern is invalid; NULL: no specific reason. */
const char *origin_pattern_fault(const char *pattern);

/* A pattern's host `*.example.com` matches a.example.com and
 * b.a.example.com, not example.com itself. Scheme and port must be the same,
 * unless the port is `*`; case does not count. */
bool origin_matches(const char *pattern, struct bytes origin);

/* Whether the page came from this machine, over HTTP. */
bool origin_is_loopback(struct bytes origin);

/* Whether the page was served from `host` (a Host header); a missing port is
 * the default of the origin's scheme. If this request came over TLS
 * (`is_secure`), the page must have too, because a page over plain HTTP could
 * have been forged. */
bool origin_is_same(struct bytes origin, struct bytes host, bool is_secure);

/* Whether a Host header names the loopback interface. */
bool origin_host_is_loopback(struct bytes host);

#endif

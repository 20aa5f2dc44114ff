/* verdict: how a rule about handshakes says no.
 *
 * Owner:   the verdict is the caller's.
 * Thread:  any.
 * Limits:  texts are static.
 * Failure: none; verdict_refuse returns false so that a rule may end with
 *          `return fits || verdict_refuse(verdict, ...)`.
 */
#ifndef PEAL_AUTH_VERDICT_H
#define PEAL_AUTH_VERDICT_H

#include "auth/auth.h"

/* `reason` may be NULL; CLOSE_NONE where a close frame cannot explain it. */
static inline bool verdict_refuse(struct verdict *verdict, int status,
                                  const char *error, const char *reason,
                                  enum close_reason close)
{
    verdict->status = status;
    verdict->error = error;
    verdict->reason = reason;
    verdict->close = close;
    return false;
}

#endif

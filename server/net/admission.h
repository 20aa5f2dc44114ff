/* admission: a handshake that was found good goes on: at once, or when its
 * ticket is redeemed, and when the application, where it is asked, has said
 * yes.
 *
 * Meanwhile libwebsockets upgrades, and nobody hears of it (held_response.h).
 *
 * Owner:   an admission outlives its socket, as what it waits for does.
 * Thread:  the reactor's.
 * Limits:  as long as the bus, or the application, takes to answer.
 * Failure: a refusal, as in handshake.h.
 */
#ifndef PEAL_NET_ADMISSION_H
#define PEAL_NET_ADMISSION_H

#include "auth/auth.h"
#include "net/headers.h"
#include "net/refusal.h"

/* As handshake_judge returns. Takes the verdict's identity. */
bool admission_let_in(struct socket *socket, struct verdict *verdict,
                      struct headers *headers);

/* The same for one whose ticket must be redeemed first. */
bool admission_redeem(struct socket *socket, struct verdict *verdict,
                      struct bytes ticket, struct headers *headers);

/* What a verdict that is no leave says. */
struct refusal admission_refusal_of(const struct verdict *verdict);

/* Nobody waits for the socket any more, if anybody did. */
void admission_abandon(struct socket *socket);

#endif

/* admission: a handshake that was found good goes on: at once, or when its
 * ticket is redeemed, and when the application, where it is asked, has said
 * yes.
 *
 * Meanwhile nothing is read from the socket.
 *
 * Owner:   an admission outlives its socket, as what it waits for does.
 * Thread:  the reactor's.
 * Limits:  as long as the bus, or the application, takes to answer.
 * Failure: a refusal, as in handshake.h.
 */
#ifndef PEAL_NET_ADMISSION_H
#define PEAL_NET_ADMISSION_H

#include "auth/auth.h"
#include "net/websocket/refusal.h"

struct request_head;

/* Answers the request, now or later. Takes the verdict's identity. */
void admission_let_in(struct socket *socket, struct verdict *verdict,
                      const struct request_head *head);

/* The same for one whose ticket must be redeemed first. */
void admission_redeem(struct socket *socket, struct verdict *verdict,
                      struct bytes ticket, const struct request_head *head);

/* What a verdict that is no leave says. */
struct refusal admission_refusal_of(const struct verdict *verdict);

/* Nobody waits for the socket any more, if anybody did. */
void admission_abandon(struct socket *socket);

#endif

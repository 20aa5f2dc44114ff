/* admission: completes a valid handshake: immediately, or after its ticket is
 * redeemed and the application, if configured, has agreed.
 *
 * Meanwhile, the socket is not read.
 *
 * Owner:   itself; an admission may outlive its socket, like the request it
 *          waits for.
 * Thread:  the reactor's.
 * Limits:  those of the bus and the application.
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

/* Refuses according to a negative verdict. */
struct refusal admission_refusal_of(const struct verdict *verdict);

/* Cancels the socket's admission, if any. */
void admission_abandon(struct socket *socket);

#endif

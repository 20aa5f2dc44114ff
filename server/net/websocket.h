/* websocket: libwebsockets' WebSocket events, brought to the connection.
 *
 * Owner:   nothing; a socket owns its connection.
 * Thread:  the reactor's.
 * Limits:  see connection.h.
 * Failure: as libwebsockets wants it: 0 goes on, -1 closes.
 */
#ifndef PEAL_NET_WEBSOCKET_H
#define PEAL_NET_WEBSOCKET_H

#include <stddef.h>

#include "base/bytes.h"

struct reactor;
struct socket;
struct transport;

extern const struct transport websocket_transport;

/* An upgrade is asked for. */
int websocket_on_upgrade(struct socket *socket);

/* The last moment before the upgrade: did we judge it? */
int websocket_on_filter(const struct socket *socket);

void websocket_on_open(struct socket *socket);

int websocket_on_receive(struct socket *socket, const char *data, size_t len);

int websocket_on_writable(struct socket *socket);

/* What became of a write put off; see send_ring_done. */
void websocket_on_sent(struct socket *socket, struct bytes frames, int sent);

/* The client's close frame: its payload. */
int websocket_on_peer_close(struct socket *socket, unsigned char *data,
                            size_t len);

/* The client sent a ping: its payload. */
void websocket_answer_ping(struct socket *socket, struct bytes payload);

/* Ends those whose bytes are against RFC 6455 or 9112, now that what came
 * before has been handled; at the end of a turn. */
void websocket_close_broken(struct reactor *reactor);

/* The WebSocket is over: notes why, if libwebsockets ended it. */
void websocket_on_closed(struct socket *socket);

/* Closes the refusals that were to be explained; at the end of a turn. */
void websocket_close_explained(struct reactor *reactor);

#endif

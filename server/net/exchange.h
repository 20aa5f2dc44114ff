/* exchange: an HTTP request that is not answered within its own event: its
 * body has to come, or the bus has to answer.
 *
 * Owner:   its socket, which it does not outlive.
 * Thread:  the reactor's.
 * Limits:  the whole request must come within limits.handshake_seconds; while
 *          the answer is awaited nothing is read from the socket. How long
 *          that takes is the bus's promise: it answers everything.
 * Failure: as libwebsockets wants it: -1 closes.
 */
#ifndef PEAL_NET_EXCHANGE_H
#define PEAL_NET_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/api.h"

struct reactor;
struct socket;

/* So much of a body is read only to be thrown away. */
enum { EXCHANGE_DISCARD_MAX = 1 << 20 };

struct exchange {
    struct api_call *call; /* NULL: answered, only the body has to go by */
    bool keep_open;
    bool head_only;
    bool is_chunked;      /* its end is seen by us, not by libwebsockets */
    uint64_t seen;        /* bytes of its body */
    uint64_t answered_at; /* of these, before the answer */
    bool is_asking;       /* the call runs */
    bool is_paused;       /* and nothing is read meanwhile */
};

/* Begins one on the socket, which has none. Takes the call. */
struct exchange *exchange_begin(struct socket *socket, struct api_call *call);

/* Runs the call: the body is there, or there is none. */
void exchange_run(struct socket *socket);

/* A piece of the body came; and its end. 0 goes on, -1 closes. */
int exchange_on_body(struct socket *socket, struct bytes piece);
int exchange_on_body_end(struct socket *socket);

/* Ends the socket's exchange, if it has one: nobody waits any more. */
void exchange_free(struct socket *socket);

/* At the end of a turn: whose answer still is not there is not read from. */
void exchange_pause_all(struct reactor *reactor);

/* The thread ends: no answer is awaited any longer. */
void exchange_abandon_all(struct reactor *reactor);

#endif

/* exchange: an HTTP request that is not over within its own event: its body
 * has to come, or the bus has to answer.
 *
 * Owner:   its socket, which it does not outlive.
 * Thread:  the reactor's.
 * Limits:  the whole request must come within limits.handshake_seconds; while
 *          the answer is awaited nothing is read from the socket. How long
 *          that takes is the bus's promise: it answers everything.
 * Failure: what cannot be answered ends the connection.
 */
#ifndef PEAL_NET_EXCHANGE_H
#define PEAL_NET_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "net/http/body_reader.h"

struct reactor;
struct socket;

/* So much of a body is read only to be dropped. */
enum { EXCHANGE_DISCARD_MAX = 1 << 20 };

struct exchange {
    struct api_call *call; /* NULL: answered, only the body has to go by */
    struct body_reader body;
    uint32_t dropped; /* bytes of the body that nobody wants */
    bool is_get;      /* whose body means nothing (RFC 9110 section 9.3.1) */
    bool keep_open;
    bool head_only;
    bool is_asking;    /* the call runs */
    bool knows_chunks; /* HTTP/1.1 */
    bool has_more;     /* of the response, once this much was sent */
};

/* Begins one on the socket, which has none. Takes the call. */
struct exchange *exchange_begin(struct socket *socket, struct api_call *call);

/* Runs the call if there is no body to wait for. */
void exchange_start(struct socket *socket);

/* Takes what it can of the body, as a stream_reader. */
size_t exchange_read(struct socket *socket, struct bytes data);

/* Whether an answer waits for more of the body. */
bool exchange_wants_body(const struct socket *socket);

/* The socket has taken what there was: a long response goes on. */
void exchange_go_on(struct socket *socket);

/* The request was answered and read: the connection serves another one, or
 * ends. */
void exchange_complete(struct socket *socket, bool keep_open);

/* Ends the socket's exchange, if it has one: nobody waits any more. */
void exchange_free(struct socket *socket);

/* At the end of a turn: where the answer is still awaited nothing is read. */
void exchange_pause_all(struct reactor *reactor);

/* The thread ends: no answer is awaited any longer. */
void exchange_abandon_all(struct reactor *reactor);

#endif

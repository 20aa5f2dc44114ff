/* exchange: an HTTP request that takes longer than one event: its body must
 * arrive, or the bus must answer.
 *
 * Owner:   its socket.
 * Thread:  the reactor's.
 * Limits:  the whole request must arrive within limits.handshake_seconds. While
 *          it waits for the answer, the socket is not read. The bus bounds that
 *          time: it answers every request.
 * Failure: the connection is closed if no response is possible.
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

/* Maximum bytes of a discarded body. */
enum { EXCHANGE_DISCARD_MAX = 1 << 20 };

struct exchange {
    struct api_call *call; /* NULL: answered, body discarded */
    struct body_reader body;
    uint32_t dropped; /* discarded bytes of the body */
    bool is_get;      /* whose body has no meaning (RFC 9110 section 9.3.1) */
    bool keep_open;
    bool head_only;
    bool is_asking;    /* the call runs */
    bool knows_chunks; /* HTTP/1.1 */
    bool has_more;     /* continue the response once this much was sent */
};

/* Begins an exchange on a socket without one. Takes the call. */
struct exchange *exchange_begin(struct socket *socket, struct api_call *call);

/* Runs the call if there is no body to wait for. */
void exchange_start(struct socket *socket);

/* Reads the body, as a stream_reader. */
size_t exchange_read(struct socket *socket, struct bytes data);

/* Whether an answer waits for more of the body. */
bool exchange_wants_body(const struct socket *socket);

/* Call when everything was sent: continues a long response. */
void exchange_go_on(struct socket *socket);

/* Call when the request was answered and read: continues with the next request,
 * or ends the connection. */
void exchange_complete(struct socket *socket, bool keep_open);

/* Cancels the socket's exchange, if any. */
void exchange_free(struct socket *socket);

/* Call at the end of a turn: pauses reading while answers are outstanding. */
void exchange_pause_all(struct reactor *reactor);

/* Cancels all exchanges: the thread ends. */
void exchange_abandon_all(struct reactor *reactor);

#endif

/* protocol: what a wire protocol provides, as a table.
 *
 * Owner:   protocols are static; a connection borrows its own.
 * Thread:  every function runs on the connection's worker.
 * Limits:  a message was checked for size, (text) UTF-8 and, unless the
 *          protocol does that itself, rate before on_message sees it.
 * Failure: bad input is answered, not fatal; connection_error counts it.
 *          No function may free the connection: connection_close only marks.
 */
#ifndef PEAL_MESSAGING_PROTOCOL_H
#define PEAL_MESSAGING_PROTOCOL_H

#include "messaging/backend_route.h"
#include "messaging/close_reason.h"
#include "messaging/endpoint.h"
#include "messaging/message.h"
#include "messaging/request.h"

struct connection;

struct protocol {
    const char *name; /* the Sec-WebSocket-Protocol name */

    /* Where its clients connect. */
    const struct endpoint *endpoint;

    /* For administrators: only a ticket of their own opens it, nobody else
     * sees it, and the application has no say. */
    bool is_for_operators;

    /* How long a connection may stay open without an identity, until the
     * protocol calls connection_identify. Until then it may do nothing. 0: the
     * handshake says who the client is. */
    uint32_t anonymous_seconds;

    /* The connection is open. `channels`: those asked for in the URL. */
    void (*on_open)(struct connection *connection, const struct bytes *channels,
                    size_t count);

    /* The connection ends, having been open: frees connection->state. May be
     * NULL. */
    void (*on_close)(struct connection *connection);

    /* Its on_message calls connection_charge or connection_take_opening for
     * each command, the first one included. False: each message was charged
     * before it comes there. */
    bool charges_itself;

    /* One whole message; the payload is valid during the call. */
    void (*on_message)(struct connection *connection, struct bytes payload,
                       bool binary);

    /* The answer to a request this connection made by operations.h. NULL for
     * a protocol that makes none. HISTORY and PRESENCE come in pages: of a
     * request that is continued or has more, a part is written. */
    void (*on_answer)(struct connection *connection,
                      const struct request *request);

    /* What a subscriber missed, and its answer had no room for, was sent: from
     * this position on it is like the others. May be NULL. */
    void (*on_recovered)(struct connection *connection, struct bytes channel,
                         struct position position);

    /* The server took a channel away: a fresh token no longer allows it, or a
     * backend wanted so. NULL for a protocol without channels. */
    void (*on_unsubscribed)(struct connection *connection,
                            struct bytes channel);

    /* For transports whose clients come back by themselves and say where they
     * were (Server-Sent Events): before on_open, what the client said. */
    void (*on_resume)(struct connection *connection, struct bytes mark);

    /* Appends where the connection is once it has this message, NULL for a
     * reply; no line ends. NULL for a protocol that cannot resume. */
    void (*append_mark)(struct connection *connection,
                        const struct message *message, struct buffer *out);

    /* Whose presence a subscription counts for, where that is not the client:
     * the member's id, terminated, and its info or nothing; both stay as they
     * are until on_close. NULL: the client, with its identity's. */
    const char *(*member)(const struct connection *connection,
                          struct bytes channel, struct bytes *info);

    /* Whose connection it is, where one user may have several clients: a name
     * that is terminated; or NULL. May be NULL. */
    const char *(*user)(const struct connection *connection);

    /* Whether that message of a channel is not for this connection, such as
     * its own. NULL: every message is. */
    bool (*skips)(const struct connection *connection,
                  const struct message *message);

    /* Writes a sign of life of its own. NULL: the transport's. */
    void (*ping)(struct connection *connection);

    /* Once a second, on each worker. May be NULL. */
    void (*tick)(struct worker *worker);

    /* The code of its close frames. NULL: the reason's own. */
    int (*close_code)(enum close_reason reason);

    /* Routes for backends, ended by one without a path; or NULL. */
    const struct backend_route *routes;

    /* Its wire format; NULL for a protocol without channels. */
    const struct encoding *encoding;

    /* The same for connections with `wants_positions`; or NULL. */
    const struct encoding *positioned;
};

/* The one of that name at that endpoint in a table ended by NULL, or NULL. */
const struct protocol *protocol_find(const struct protocol *const *table,
                                     const struct endpoint *endpoint,
                                     struct bytes name);

/* The endpoint of a path among those of the protocols, or NULL; `rest` is what
 * stands for its `*`. */
const struct endpoint *protocol_endpoint(const struct protocol *const *table,
                                         struct bytes path, struct bytes *rest);

/* The code of a close frame for that reason; 0: there is none. `protocol` may
 * be NULL. */
int protocol_close_code(const struct protocol *protocol,
                        enum close_reason reason);

#endif

/* protocol: the interface of a wire protocol, as a table.
 *
 * Owner:   protocols are static; a connection borrows its own.
 * Thread:  every function runs on the connection's worker.
 * Limits:  before on_message, a message is checked for size, UTF-8 (if text)
 *          and, unless the protocol does that itself, rate.
 * Failure: bad input is answered with an error and counted by connection_error.
 *          No function may free the connection: connection_close only marks it.
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

    /* The endpoint of its clients. */
    const struct endpoint *endpoint;

    /* For administrators: only a dashboard ticket opens it, it is hidden from
     * others, and the application is not asked. */
    bool is_for_operators;

    /* How long a connection may stay open without an identity, until the
     * protocol calls connection_identify. Until then it may do nothing. 0: the
     * handshake identifies the client. */
    uint32_t anonymous_seconds;

    /* Called when the connection is open. `channels`: requested in the URL. */
    void (*on_open)(struct connection *connection, const struct bytes *channels,
                    size_t count);

    /* Called when an open connection ends: frees connection->state. May be
     * NULL. */
    void (*on_close)(struct connection *connection);

    /* True: on_message calls connection_charge or connection_take_opening for
     * each command, including the first. False: each message was already
     * charged. */
    bool charges_itself;

    /* Called with one whole message; the payload is valid during the call. */
    void (*on_message)(struct connection *connection, struct bytes payload,
                       bool binary);

    /* Called with the answer to a request made through operations.h. NULL for a
     * protocol without requests. HISTORY and PRESENCE are paged: a request that
     * is continued or has more becomes one part of an answer. */
    void (*on_answer)(struct connection *connection,
                      const struct request *request);

    /* Called when a subscriber has been sent the missed messages that its
     * answer had no room for: from this position on it is like the others. May
     * be NULL. */
    void (*on_recovered)(struct connection *connection, struct bytes channel,
                         struct position position);

    /* Called when the server unsubscribes a connection: a new token no longer
     * allows the channel, or a backend requested it. NULL for a protocol
     * without channels. */
    void (*on_unsubscribed)(struct connection *connection,
                            struct bytes channel);

    /* For transports whose clients reconnect automatically with their position
     * (Server-Sent Events): called before on_open with that position. */
    void (*on_resume)(struct connection *connection, struct bytes mark);

    /* Appends the connection's position after this message (NULL for a reply),
     * without line ends. NULL for a protocol that cannot resume. */
    void (*append_mark)(struct connection *connection,
                        const struct message *message, struct buffer *out);

    /* The member that a subscription counts for, if not the client: its id,
     * zero-terminated, and its info or nothing; both stay unchanged until
     * on_close. NULL: the client, with its identity's info. */
    const char *(*member)(const struct connection *connection,
                          struct bytes channel, struct bytes *info);

    /* The user of the connection, if one user may have several clients: a
     * zero-terminated name, or NULL. May be NULL. */
    const char *(*user)(const struct connection *connection);

    /* Whether a channel's message is skipped for this connection, such as its
     * own. NULL: never. */
    bool (*skips)(const struct connection *connection,
                  const struct message *message);

    /* Writes the protocol's own ping. NULL: the transport's. */
    void (*ping)(struct connection *connection);

    /* Called once a second on each worker. May be NULL. */
    void (*tick)(struct worker *worker);

    /* The code of close frames. NULL: the reason's own. */
    int (*close_code)(enum close_reason reason);

    /* Routes for backends, ending with one without a path, or NULL. */
    const struct backend_route *routes;

    /* The wire format; NULL for a protocol without channels. */
    const struct encoding *encoding;

    /* The same for connections with `wants_positions`; or NULL. */
    const struct encoding *positioned;
};

/* The protocol of that name at that endpoint in a NULL-terminated table, or
 * NULL. */
const struct protocol *protocol_find(const struct protocol *const *table,
                                     const struct endpoint *endpoint,
                                     struct bytes name);

/* The endpoint of a path among those of the protocols, or NULL; `rest` is the
 * match of its `*`. */
const struct endpoint *protocol_endpoint(const struct protocol *const *table,
                                         struct bytes path, struct bytes *rest);

/* The code of a close frame for the reason; 0: none. `protocol` may be NULL. */
int protocol_close_code(const struct protocol *protocol,
                        enum close_reason reason);

#endif

/* protocol: what a wire protocol must bring, as a table of functions.
 *
 * Owner:   protocols are static; a connection borrows its own.
 * Thread:  every function runs on the connection's worker.
 * Limits:  a message was checked for size, rate and (text) UTF-8 before
 *          on_message sees it.
 * Failure: bad input is answered, not fatal; connection_error counts it.
 *          No function may free the connection: connection_close only marks.
 */
#ifndef PEAL_MESSAGING_PROTOCOL_H
#define PEAL_MESSAGING_PROTOCOL_H

#include "messaging/message.h"
#include "messaging/request.h"

struct connection;

/* The one that is for administrators: a ticket of their own lets them in. */
#define PROTOCOL_DASHBOARD "dashboard"

struct protocol {
    const char *name; /* the Sec-WebSocket-Protocol name */

    /* The connection is open. `channels`: those asked for in the URL. */
    void (*on_open)(struct connection *connection,
                    const struct bytes *channels, size_t count);

    /* The connection ends, having been open; may be NULL. */
    void (*on_close)(struct connection *connection);

    /* One whole message; the payload is valid during the call. */
    void (*on_message)(struct connection *connection, struct bytes payload,
                       bool binary);

    /* The answer to a request this connection made by operations.h. */
    void (*on_answer)(struct connection *connection,
                      const struct request *request);

    /* The server took a channel away: a fresh token no longer allows it, or a
     * backend wanted so. */
    void (*on_unsubscribed)(struct connection *connection,
                            struct bytes channel);

    /* Its wire format and the format's number below ENCODINGS_MAX; NULL for
     * a protocol without channels. */
    message_encode *encode;
    unsigned encoding;
};

/* The one of that name in a table ended by NULL, or NULL. */
const struct protocol *protocol_find(const struct protocol *const *table,
                                     const char *name);

#endif

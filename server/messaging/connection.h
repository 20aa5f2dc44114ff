/* connection: one open WebSocket, without the socket.
 *
 * Owner:   made by connection_new, freed by connection_free, both called by
 *          whoever owns the socket (net/, or a test).
 * Thread:  only its worker's. Others reach it by its handle, through the
 *          worker's inbox.
 * Limits:  struct limits: message size, rate, bad messages, outbox.
 * Failure: a send to a closing connection is ignored; a full outbox, too big
 *          a message and the like close it with their reason.
 */
#ifndef PEAL_MESSAGING_CONNECTION_H
#define PEAL_MESSAGING_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/ip_address.h"
#include "base/token_bucket.h"
#include "messaging/close_reason.h"
#include "messaging/fault.h"
#include "messaging/identity.h"
#include "messaging/metrics.h"
#include "messaging/outbox.h"
#include "messaging/protocol.h"
#include "messaging/subscription.h"

struct client;
struct publish_line;
struct worker;

/* How a connection reaches its socket. */
struct transport {
    /* Writes whole frames; false when the socket is dead. */
    bool (*write)(struct connection *connection, struct bytes frames);
    /* The same, but not before the worker's `settle`; the bytes must stay as
     * they are until then, and nothing else be written. May be NULL. */
    bool (*write_later)(struct connection *connection, struct bytes frames);
    /* Part of an earlier write still waits: do not write now. */
    bool (*is_blocked)(const struct connection *connection);
    /* Call connection_on_writable when the socket takes more. */
    void (*want_writable)(struct connection *connection);
    /* Starts the closing handshake. Called once, between events. */
    void (*close)(struct connection *connection, enum close_reason reason);
    /* Where the client is, for the log. NULL: nobody knows. */
    void (*address)(const struct connection *connection,
                    char out[IP_ADDRESS_TEXT]);
};

/* An idle server is made of these: the small fields stand together. */
struct connection {
    /* set once by connection_new */
    struct worker *worker;
    const struct protocol *protocol;
    const struct transport *transport;
    void *socket; /* the transport's */
    uint64_t handle;
    uint64_t opened_ms;

    /* only the worker's thread */
    struct identity identity;
    struct subscription *subscriptions;
    uint64_t last_seen_ms;
    uint64_t pinged_ms; /* 0: no pong is awaited */
    struct token_bucket rate;
    struct buffer *partial; /* fragments of an unfinished message */
    struct outbox outbox;
    struct publish_line *publish_line; /* NULL: no publish waits for a hook */
    struct connection *closing_next;
    char *close_text; /* in place of the reason's own, or NULL */
    enum close_reason close_reason;
    int peer_close_code; /* what the client's close frame said */
    uint32_t subscription_count;
    uint32_t bad_messages;
    bool is_open;
    bool keeps_caps;   /* which the application has set: no refresh does */
    bool keeps_expiry; /* the same */
    bool is_expiry_watched; /* by its worker: the token ends soon */
    bool is_in_closing;     /* its worker's list */
    bool was_blocked;       /* at the last ping: it could not be sent */
    bool is_closing;        /* nothing is received any more */
    bool is_close_started;  /* nothing is sent any more */

    /* kept by clients.c, under its lock */
    bool is_asked_to_close;
    uint64_t client_stamp; /* grows with each that enters */
    struct client *client;
    struct connection *client_next;
    struct connection *client_previous;
};

/* Registers the client and takes a slot; takes `identity`. NULL when the
 * client has as many connections as it may: `identity` stays the caller's. */
struct connection *connection_new(struct worker *worker,
                                  const struct protocol *protocol,
                                  const struct transport *transport,
                                  void *socket, const char *client_id,
                                  struct identity identity);

/* The handshake is done; `channels` were asked for in the URL. */
void connection_open(struct connection *connection,
                     const struct bytes *channels, size_t count);

/* Leaves its channels, logs the end once (when it was open), frees. */
void connection_free(struct connection *connection);

/* A piece of a message came in. `remaining`: bytes of the same frame that are
 * known to follow. */
void connection_receive(struct connection *connection, struct bytes piece,
                        size_t remaining, bool is_final, bool binary);

/* A ping from the client counts towards its rate, as a message does; whether
 * it is to be answered. */
bool connection_on_ping(struct connection *connection);

/* Any frame from the client: a sign of life. */
void connection_on_sign_of_life(struct connection *connection);

/* The socket takes more: the outbox is written on. */
void connection_on_writable(struct connection *connection);

/* Ends the connection soon, between events. The first reason counts. */
void connection_close(struct connection *connection, enum close_reason reason);

/* The same with a text of its own for the close frame, unless it is empty. */
void connection_close_saying(struct connection *connection,
                             enum close_reason reason, struct bytes text);

/* The same, counted as that limit's. */
void connection_close_at_limit(struct connection *connection,
                               enum metric metric, enum close_reason reason);

/* What the close frame says. */
const char *connection_close_text(const struct connection *connection);

/* What waits for it will not be sent, and is counted as dropped. */
void connection_drop_outbox(struct connection *connection);

/* For the worker: starts the closing that connection_close asked for. */
void connection_start_close(struct connection *connection);

const char *connection_client_id(const struct connection *connection);

/* Sends one message of the protocol's own, at the end of the turn: begin gives
 * an empty buffer, end takes what was appended to it. Not to be nested. */
struct buffer *connection_reply_begin(struct connection *connection);
void connection_reply_end(struct connection *connection,
                          enum frame_opcode opcode);

/* For replies.c: frames that were gathered are written, or wait. */
void connection_send_replies(struct connection *connection,
                             struct bytes frames);

/* Sends a message in the protocol's encoding. */
void connection_send(struct connection *connection, struct message *message);

/* Sends `count` frames that stand joined in `joined`: when the socket takes
 * it, with the worker's next `settle`, else one by one into the outbox.
 * `topic`: see outbox_push. */
void connection_send_frames(struct connection *connection,
                            struct frame *const *frames, size_t count,
                            struct bytes joined, const void *topic);

/* Counts a bad message where the fault is one, and closes at the limit. */
void connection_count_fault(struct connection *connection, enum fault fault);

#endif

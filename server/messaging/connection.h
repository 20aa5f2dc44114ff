/* connection: one client connection, independent of its socket.
 *
 * Owner:   created by connection_new, freed by connection_free, both called by
 *          the socket's owner (net/, or a test).
 * Thread:  only its worker's. Other threads reach it by its handle, through the
 *          worker's inbox.
 * Limits:  struct limits: message size, rate, bad messages, outbox.
 * Failure: a send to a closing connection is ignored; a full outbox, a too big
 *          message and similar conditions close it with their reason.
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

struct channel;
struct client;
struct publish_queue;
struct responses;
struct worker;

/* What the peer has acknowledged: all written bytes, some progress, or nothing
 * for longer than it may be silent. */
enum acked { ACKED_ALL, ACKED_PART, ACKED_SILENT };

/* The interface of a connection to its socket. */
struct transport {
    const struct framing *framing;
    /* Writes whole frames; false if the socket is dead. */
    bool (*write)(struct connection *connection, struct bytes frames);
    /* The same, deferred until the worker's `settle`; until then the bytes must
     * not change and nothing else may be written. May be NULL. */
    bool (*write_later)(struct connection *connection, struct bytes frames);
    /* Whether part of an earlier write is still unsent: then write only parts
     * of a message that was already begun. */
    bool (*is_blocked)(const struct connection *connection);
    /* The number of unsent bytes. */
    size_t (*unsent)(const struct connection *connection);
    /* Requests a call of connection_on_writable when the socket is writable. */
    void (*want_writable)(struct connection *connection);
    /* Pauses or resumes reading. NULL: the client sends nothing. */
    void (*pause)(struct connection *connection, bool is_paused);
    /* Writes a ping if nothing is unsent; false if the socket is dead. */
    bool (*ping)(struct connection *connection);
    /* Whether the peer answers pings. Otherwise TCP acknowledgements prove that
     * it is alive. */
    bool has_pongs;
    /* How much the peer has acknowledged. NULL: unknown. */
    enum acked (*acked)(const struct connection *connection, uint64_t *bytes);
    /* The metric of its open connections. */
    enum metric gauge;
    /* Starts the closing handshake. Called once, between events. */
    void (*close)(struct connection *connection, enum close_reason reason);
    /* The client's address, for the log. NULL: unknown. */
    void (*address)(const struct connection *connection,
                    char out[IP_ADDRESS_TEXT]);
};

/* A channel that the connection is subscribed to, or subscribing to. */
struct subscription {
    struct channel *channel;
    uint32_t place;     /* index in the channel's list of subscribers */
    bool is_hidden;     /* it does not count as a member */
    bool is_pending;    /* not answered by the bus yet, or is_recovering */
    bool is_recovering; /* missed messages are still being sent */
    bool is_cancelled;  /* unsubscribed while pending: ignore that answer */
    bool is_renewed;    /* ... but subscribed again: see subscription_renew */
};

/* Most connections have one subscription, which needs no array. See
 * subscription.h. */
union subscriptions {
    struct subscription one;   /* up to one */
    struct subscription *many; /* from two on */
};

/* State that connections rarely need: created on first use, and freed with the
 * connection. */
struct connection_extra {
    struct buffer *partial; /* fragments of an unfinished message, or NULL */
    struct publish_queue *publish_queue; /* NULL: no publish waits for a hook */
    struct request *renewals;            /* wait for a cancelled one */
    struct responses *responses;         /* NULL: none in progress */
    struct connection *closing_next;     /* in its worker's list */
    char *close_text; /* replaces the reason's own text, or NULL */
    int close_code;   /* the same for the code; 0: the protocol's */
    uint64_t acked;   /* bytes acknowledged when its pong was late, or 0 */
    char *client_id;  /* client id of a brief connection */
};

/* Idle servers consist mostly of these structs: small fields are grouped, and
 * rarely needed state is in `extra`. */
struct connection {
    /* set once by connection_new */
    struct worker *worker;
    const struct protocol *protocol;
    const struct transport *transport;
    void *socket; /* state of the transport */
    void *state;  /* state of the protocol, or NULL */
    uint64_t handle;
    uint64_t opened_ms;

    /* only the worker's thread */
    struct identity identity;
    union subscriptions subscriptions;
    uint64_t last_seen_ms;
    struct token_bucket rate;
    struct outbox outbox;
    struct connection_extra *extra; /* or NULL */
    uint32_t subscription_count;
    uint32_t bad_messages;
    uint16_t peer_close_code; /* code of the client's close frame */
    bool is_pong_awaited;     /* and nothing was received since the ping */

    /* of clients.c, under its lock: no bit-field shared with the worker */
    bool is_asked_to_close;

    /* only the worker's thread */
    enum close_reason close_reason : 8;
    bool is_open : 1;
    bool keeps_caps : 1; /* set by the application: not changed by a refresh */
    bool keeps_info : 1; /* the same */
    bool keeps_expiry : 1;      /* the same */
    bool is_expiry_watched : 1; /* by its worker: the token expires soon */
    bool is_paused : 1;         /* reading is paused: too many answers wait */
    bool is_in_closing : 1;     /* its worker's list */
    bool was_blocked : 1;       /* when its close was last checked */
    bool is_closing : 1;        /* received data is ignored */
    bool is_close_started : 1;  /* nothing more is sent */
    bool wants_hello : 1;       /* from the handshake */
    bool is_brief : 1;          /* see connection_new_brief */
    bool
        wants_positions : 1; /* needs positions in messages: another encoding */

    /* how often connection_take_opening returned true */
    unsigned opening_taken : 14;

    /* kept by clients.c, under its lock */
    uint64_t client_stamp; /* increments with each connection */
    struct client *client; /* NULL: no identity yet */
    struct connection *client_next;
    struct connection *client_previous;
};

/* The connection's `extra`, created if missing. */
struct connection_extra *connection_extra(struct connection *connection);

/* Receives a piece of a message. `remaining`: bytes of the same frame that are
 * known to follow. */
void connection_receive(struct connection *connection, struct bytes piece,
                        size_t remaining, bool is_final, bool binary);

/* Charges a message against the rate. This happens once before the protocol
 * sees a message, unless the protocol charges by itself. A protocol whose
 * messages contain several commands charges for each further one. False if the
 * rate is exceeded: the connection is closing. All brief connections of a
 * client share one rate. */
bool connection_charge(struct connection *connection, uint32_t commands);

/* Commands that a client needs to resubscribe to its channels are free until
 * options_opening_burst of them have arrived. False: charge it. */
bool connection_take_opening(struct connection *connection);

/* Charges a ping from the client like a message; whether to answer it. */
bool connection_on_ping(struct connection *connection);

/* Call for any frame from the client: it is alive. */
void connection_on_sign_of_life(struct connection *connection);

/* Call when the socket is writable: writes more of the outbox. */
void connection_on_writable(struct connection *connection);

/* The encoding of messages; NULL for a protocol without channels. */
static inline const struct encoding *
connection_encoding(const struct connection *connection)
{
    const struct protocol *protocol = connection->protocol;
    return connection->wants_positions ? protocol->positioned
                                       : protocol->encoding;
}

/* Closes the connection after the current event. The first reason counts. */
void connection_close(struct connection *connection, enum close_reason reason);

/* The same with a different text for the close frame, unless it is empty. */
void connection_close_saying(struct connection *connection,
                             enum close_reason reason, struct bytes text);

/* The same with a code of the protocol. */
void connection_close_with(struct connection *connection,
                           enum close_reason reason, int code,
                           struct bytes text);

/* The code of its close frame for the reason; 0: none. */
int connection_close_code(const struct connection *connection,
                          enum close_reason reason);

/* The same, counted for that limit. */
void connection_close_at_limit(struct connection *connection,
                               enum metric metric, enum close_reason reason);

/* Schedules a requested closing for the end of this turn. */
void connection_close_later(struct connection *connection);

/* Undoes that: the connection is being freed. */
void connection_forget_closing(struct connection *connection);

/* The text of the close frame. */
const char *connection_close_text(const struct connection *connection);

/* Frees the received part of an unfinished message. */
void connection_drop_partial(struct connection *connection);

/* Drops and counts everything that waits to be sent. */
void connection_drop_outbox(struct connection *connection);

/* Bytes waiting to be sent, in the outbox and in the transport. */
size_t connection_waiting(const struct connection *connection);

/* Empty while the connection has no identity. */
const char *connection_client_id(const struct connection *connection);

/* Sends one protocol message at the end of the turn: begin returns an empty
 * buffer, end sends what was appended to it. Must not be nested. */
struct buffer *connection_reply_begin(struct connection *connection);
void connection_reply_end(struct connection *connection,
                          enum payload_kind kind);

/* The same for one part of a message that answers a request in parts: the first
 * part unless the request is continued, the last unless it has more. Nothing
 * else is written to the connection in between. */
void connection_reply_end_part(struct connection *connection,
                               enum payload_kind kind,
                               const struct request *request);

/* Whether a page can be written now. */
bool connection_takes_pages(const struct connection *connection);

/* Pauses reading requests while too many answers wait, and resumes it
 * afterwards. */
void connection_weigh_answers(struct connection *connection);

/* Writes the replies gathered on the worker in this turn. Also called before
 * other writes to one of their connections, to preserve the order.
 */
void connection_send_replies(struct worker *worker);

/* Sends a message in the protocol's encoding. The caller has already sent
 * outstanding channel messages: see channel_catch_up_all. */
void connection_send(struct connection *connection, struct message *message);

/* Sends requested messages of a history; their frames are not cached. */
void connection_send_page(struct connection *connection,
                          struct message *const *messages, size_t count);

/* Messages as frames, single and concatenated. */
struct rendering {
    struct message *const *messages;
    struct frame *const *frames;
    size_t count;
    struct bytes joined;
};

/* Sends frames rendered for the connection's encoding and framing: with the
 * worker's next `settle` if the socket is writable, otherwise one by one into
 * the outbox. `topic`: see outbox_push. */
void connection_send_rendering(struct connection *connection,
                               const struct rendering *rendering,
                               const void *topic);

/* Counts a bad message if the fault is one, and closes at the limit. */
void connection_count_fault(struct connection *connection, enum fault fault);

#endif

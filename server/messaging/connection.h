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

struct channel;
struct client;
struct publish_line;
struct responses;
struct worker;

/* Everything that was written, or a part of it; or nothing came from the peer
 * for longer than it may be silent. */
enum acked { ACKED_ALL, ACKED_PART, ACKED_SILENT };

/* How a connection reaches its socket. */
struct transport {
    const struct framing *framing;
    /* Writes whole frames; false when the socket is dead. */
    bool (*write)(struct connection *connection, struct bytes frames);
    /* The same, but not before the worker's `settle`; the bytes must stay as
     * they are until then, and nothing else be written. May be NULL. */
    bool (*write_later)(struct connection *connection, struct bytes frames);
    /* Part of an earlier write still waits: do not write now, but for a part
     * of a message that was asked for before. */
    bool (*is_blocked)(const struct connection *connection);
    /* How many bytes of it. */
    size_t (*unsent)(const struct connection *connection);
    /* Call connection_on_writable when the socket takes more. */
    void (*want_writable)(struct connection *connection);
    /* Nothing is read from the socket until it may go on. NULL: its client
     * has nothing to say. */
    void (*pause)(struct connection *connection, bool is_paused);
    /* Writes a sign of life while nothing waits; false when the socket is
     * dead. */
    bool (*ping)(struct connection *connection);
    /* Whether the peer answers a ping. Of one that does not, it is enough that
     * its kernel acknowledges. */
    bool has_pongs;
    /* How much the peer has acknowledged. NULL: nobody knows. */
    enum acked (*acked)(const struct connection *connection, uint64_t *bytes);
    /* Counts the connections that are open by it. */
    enum metric gauge;
    /* Starts the closing handshake. Called once, between events. */
    void (*close)(struct connection *connection, enum close_reason reason);
    /* Where the client is, for the log. NULL: nobody knows. */
    void (*address)(const struct connection *connection,
                    char out[IP_ADDRESS_TEXT]);
};

/* A channel this connection has, or is about to have. */
struct subscription {
    struct channel *channel;
    uint32_t place;     /* in the channel's list of subscribers */
    bool is_hidden;     /* it counts as no member */
    bool is_pending;    /* the bus has not answered yet, or is_recovering */
    bool is_recovering; /* what was missed is still being sent */
    bool is_cancelled;  /* left while pending: that answer counts no more */
    bool is_renewed;    /* ... but asked for again: see subscription_renew */
};

/* Most connections have one: it needs no array. See subscription.h. */
union subscriptions {
    struct subscription one;   /* up to one */
    struct subscription *many; /* from two on */
};

/* What a connection has only now and then: made when it is first needed, and
 * freed with the connection. */
struct connection_extra {
    struct buffer *partial; /* fragments of an unfinished message, or NULL */
    struct publish_line *publish_line; /* NULL: no publish waits for a hook */
    struct request *renewals;    /* subscribes that wait for a cancelled one */
    struct responses *responses; /* NULL: none is under way */
    struct connection *closing_next; /* in its worker's list */
    char *close_text;                /* in place of the reason's own, or NULL */
    int close_code;                  /* the same; 0: the protocol's */
    uint64_t acked;  /* bytes, when its pong was late; 0: it was not */
    char *client_id; /* of a brief one: it is none of the client's */
};

/* An idle server is made of these: the small fields stand together, and what
 * is not always there is in `extra`. */
struct connection {
    /* set once by connection_new */
    struct worker *worker;
    const struct protocol *protocol;
    const struct transport *transport;
    void *socket; /* the transport's */
    void *state;  /* the protocol's own, or NULL */
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
    uint16_t peer_close_code; /* what the client's close frame said */
    bool is_pong_awaited;     /* and no sign of life came since the ping */

    /* kept by clients.c, under its lock: not a bit beside the worker's */
    bool is_asked_to_close;

    /* only the worker's thread */
    enum close_reason close_reason : 8;
    bool is_open : 1;
    bool keeps_caps : 1;   /* which the application has set: no refresh does */
    bool keeps_info : 1;   /* the same */
    bool keeps_expiry : 1; /* the same */
    bool is_expiry_watched : 1; /* by its worker: the token ends soon */
    bool is_paused : 1;         /* nothing is read: too many answers wait */
    bool is_in_closing : 1;     /* its worker's list */
    bool was_blocked : 1;       /* when its close was last looked at */
    bool is_closing : 1;        /* nothing is received any more */
    bool is_close_started : 1;  /* nothing is sent any more */
    bool wants_hello : 1;       /* as the handshake said */
    bool is_brief : 1;          /* see connection_new_brief */
    bool wants_positions : 1;   /* in its messages, by another encoding */

    /* how often connection_take_opening said yes */
    unsigned opening_taken : 14;

    /* kept by clients.c, under its lock */
    uint64_t client_stamp; /* grows with each that enters */
    struct client *client; /* NULL: without an identity yet */
    struct connection *client_next;
    struct connection *client_previous;
};

/* What the connection has now and then, made when there is none. */
struct connection_extra *connection_extra(struct connection *connection);

/* A piece of a message came in. `remaining`: bytes of the same frame that are
 * known to follow. */
void connection_receive(struct connection *connection, struct bytes piece,
                        size_t remaining, bool is_final, bool binary);

/* A message is charged once before the protocol sees it, unless the protocol
 * charges for itself. A protocol whose messages hold several commands charges
 * for each of the others. False when that was too much: the connection is
 * closing. All brief connections of a client have one rate together. */
bool connection_charge(struct connection *connection, uint32_t commands);

/* A command that a client needs in order to return to its channels costs
 * nothing until options_opening_burst of them have come. False: charge it. */
bool connection_take_opening(struct connection *connection);

/* A ping from the client counts towards its rate, as a message does; whether
 * it is to be answered. */
bool connection_on_ping(struct connection *connection);

/* Any frame from the client: a sign of life. */
void connection_on_sign_of_life(struct connection *connection);

/* The socket takes more: the outbox is written on. */
void connection_on_writable(struct connection *connection);

/* How messages are written for it; NULL over a protocol without channels. */
static inline const struct encoding *
connection_encoding(const struct connection *connection)
{
    const struct protocol *protocol = connection->protocol;
    return connection->wants_positions ? protocol->positioned
                                       : protocol->encoding;
}

/* Ends the connection soon, between events. The first reason counts. */
void connection_close(struct connection *connection, enum close_reason reason);

/* The same with a text of its own for the close frame, unless it is empty. */
void connection_close_saying(struct connection *connection,
                             enum close_reason reason, struct bytes text);

/* The same with a code of the protocol's own. */
void connection_close_with(struct connection *connection,
                           enum close_reason reason, int code,
                           struct bytes text);

/* The code of its close frame for that reason; 0: there is none. */
int connection_close_code(const struct connection *connection,
                          enum close_reason reason);

/* The same, counted as that limit's. */
void connection_close_at_limit(struct connection *connection,
                               enum metric metric, enum close_reason reason);

/* Has a closing that was asked for started at the end of this turn. */
void connection_close_later(struct connection *connection);

/* The connection is being freed: takes that back. */
void connection_forget_closing(struct connection *connection);

/* What the close frame says. */
const char *connection_close_text(const struct connection *connection);

/* Frees what has arrived of an unfinished message. */
void connection_drop_partial(struct connection *connection);

/* What waits for it will not be sent, and is counted as dropped. */
void connection_drop_outbox(struct connection *connection);

/* The bytes that wait for it, in the outbox and in the transport. */
size_t connection_waiting(const struct connection *connection);

/* Empty as long as the connection has no identity. */
const char *connection_client_id(const struct connection *connection);

/* Sends one message of the protocol's own, at the end of the turn: begin gives
 * an empty buffer, end takes what was appended to it. Not to be nested. */
struct buffer *connection_reply_begin(struct connection *connection);
void connection_reply_end(struct connection *connection,
                          enum payload_kind kind);

/* The same for one part of a message that answers the request in parts: the
 * first unless the request is continued, the last unless it has more. Nothing
 * else is written to the connection between them. */
void connection_reply_end_part(struct connection *connection,
                               enum payload_kind kind,
                               const struct request *request);

/* Whether a page can be written now. */
bool connection_takes_pages(const struct connection *connection);

/* Reads no more requests while too many answers wait, and reads on after. */
void connection_weigh_answers(struct connection *connection);

/* Writes the replies gathered on the worker in this turn. Also called before
 * anything else is written to one of their connections: what came first is
 * sent first. */
void connection_send_replies(struct worker *worker);

/* Sends a message in the protocol's encoding. The caller has sent what the
 * connection's channels had for it: see channel_catch_up_all. */
void connection_send(struct connection *connection, struct message *message);

/* Sends messages out of a history, which the client asked for; no frames are
 * kept with them. */
void connection_send_page(struct connection *connection,
                          struct message *const *messages, size_t count);

/* Messages as frames, single and joined. */
struct rendering {
    struct message *const *messages;
    struct frame *const *frames;
    size_t count;
    struct bytes joined;
};

/* Sends what was rendered for the connection's encoding and framing: when the
 * socket takes it, with the worker's next `settle`, else one by one into the
 * outbox. `topic`: see outbox_push. */
void connection_send_rendering(struct connection *connection,
                               const struct rendering *rendering,
                               const void *topic);

/* Counts a bad message where the fault is one, and closes at the limit. */
void connection_count_fault(struct connection *connection, enum fault fault);

#endif

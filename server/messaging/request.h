/* request: one thing that is asked of the bus, and the answer to it.
 *
 * It travels as one block: made on the asking worker, given to the bus, filled
 * in there, and posted back to that worker, where `done` reads it.
 *
 * Owner:   whoever has it: the worker, then the bus, then the worker again,
 *          which frees it after `done`.
 * Thread:  one at a time.
 * Limits:  what it carries was bounded before it was made.
 * Failure: `fault` says why the bus could not do it.
 */
#ifndef PEAL_MESSAGING_REQUEST_H
#define PEAL_MESSAGING_REQUEST_H

#include "messaging/fault.h"
#include "messaging/message.h"

enum request_kind {
    REQUEST_SUBSCRIBE,
    REQUEST_UNSUBSCRIBE, /* nobody waits for an answer */
    REQUEST_PUBLISH,
    REQUEST_HISTORY,
    REQUEST_PRESENCE,
    REQUEST_DIRECT,
    REQUEST_DISCONNECT, /* a client, from every instance */
    REQUEST_REMOVE,     /* a client from a channel, on every instance */
    REQUEST_CHANNELS, /* those that somebody subscribes to */
    REQUEST_INSTANCES, /* of the service: in `names` what each says of itself */
    REQUEST_CLIENT, /* its connections here changed; only for a bus that wants
                       to know, and nobody waits for an answer */
    REQUEST_TICKET, /* made known */
    REQUEST_REDEEM, /* a ticket, once over all instances */
    REQUEST_KIND_COUNT
};

/* A place in a channel: offsets count within an epoch. */
struct position {
    uint64_t epoch;
    uint64_t offset;
};

/* A client in a channel. */
struct member_count {
    char *client; /* owned by the request */
    uint32_t connections;
};

struct worker;

struct request {
    enum request_kind kind;

    /* who asked; `done` runs on the worker's thread, NULL: nobody waits */
    void (*done)(struct worker *worker, struct request *request);
    struct worker *worker;
    uint64_t connection; /* handle: it may be gone when the answer comes */
    void *call;          /* or what else asked, which waits for the answer */
    uint32_t part;       /* of the call, and how its answer is written */
    void (*write_answer)(const struct request *request, struct buffer *out);

    /* what is asked; the texts live in the request */
    const char *channel;     /* or, for REQUEST_DIRECT, the client id; for
                                TICKET and REDEEM the ticket */
    const char *client;      /* who asks, or who it is about */
    struct bytes id;         /* the client's own number for it, raw JSON */
    struct bytes reason;     /* DISCONNECT: for the close frame, or empty */
    bool is_once;            /* PUBLISH: `id` is an idempotency key */
    char *ticket;            /* TICKET, and REDEEM's answer if it is good: what
                                ticket_content says; owned */
    uint32_t seconds;        /* TICKET: how long it is good */
    bool recover;            /* SUBSCRIBE: from `since` on */
    struct position since;
    uint32_t limit;          /* HISTORY, CHANNELS: so many at the most */
    struct message *message; /* PUBLISH, DIRECT: owned */

    /* the answer */
    enum fault fault;
    char *why; /* REFUSED: in the application's words, or NULL; owned */
    struct position position;
    bool recovered;
    struct message **messages; /* owned, with a reference each */
    size_t message_count;
    struct member_count *members; /* owned */
    size_t member_count;
    char **names;         /* of channels; owned */
    size_t name_count;
    uint32_t connections; /* of this instance that it reaches */
    uint32_t instances;   /* DISCONNECT, REMOVE: how many were told */

    /* for the bus alone, while it has the request */
    struct request *next;
    uint64_t number;
    uint64_t since_ms;
    void *bus_data;

    char text[];
};

/* A request with copies of the three texts. */
struct request *request_new(enum request_kind kind, struct bytes channel,
                            struct bytes client, struct bytes id);

/* The same for what concerns one client on every instance. `reason` may be
 * empty; else it must be a valid close text. */
struct request *request_new_disconnect(struct bytes client,
                                       struct bytes reason);
struct request *request_new_remove(struct bytes client, struct bytes channel);

void request_free(struct request *request);

/* For the bus: posts the answered request back to whoever asked, or frees it
 * when nobody waits. Any thread. */
void request_finish(struct request *request);

/* For the bus: adds a reference to `message` to the answer. */
void request_add_message(struct request *request, struct message *message);

/* For the bus: adds a client to the answer. */
void request_add_member(struct request *request, const char *client,
                        uint32_t connections);

/* For the bus: adds a channel's name to the answer. */
void request_add_name(struct request *request, struct bytes name);

#endif

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
#include "messaging/request_parts.h"

enum request_kind {
    REQUEST_SUBSCRIBE,
    REQUEST_UNSUBSCRIBE, /* nobody waits for an answer */
    REQUEST_PUBLISH,
    REQUEST_RECOVER, /* more of what a subscriber missed, after `since` */
    REQUEST_HISTORY,
    REQUEST_PRESENCE,
    REQUEST_DIRECT,
    REQUEST_DISCONNECT, /* a client or addresses, from every instance */
    REQUEST_REMOVE,     /* a client from a channel, on every instance */
    REQUEST_CHANNELS,   /* those that somebody subscribes to */
    REQUEST_INSTANCES, /* of the service: in `names` what each says of itself */
    REQUEST_CLIENT,    /* its connections here changed; nobody waits */
    REQUEST_SURVEY,    /* every instance tells what it knows: in `names` */
    REQUEST_BAN,       /* holds on every instance */
    REQUEST_UNBAN,
    REQUEST_TICKET, /* made known */
    REQUEST_REDEEM, /* a ticket, once over all instances */
    REQUEST_KIND_COUNT
};

struct text_list;
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
    const char *client;      /* who asks, or it is about; empty: no member */
    struct bytes id;         /* the client's own number for it, raw JSON */
    struct bytes info;       /* SUBSCRIBE: what others may see, or empty */
    struct bytes reason;     /* DISCONNECT: for the close frame, or empty */
    struct bytes once;       /* PUBLISH: an idempotency key, or empty */
    char *ticket;            /* TICKET, and REDEEM's good answer; owned */
    uint32_t seconds;        /* TICKET: how long it is good */
    enum survey_kind survey; /* SURVEY */
    int64_t until_ms;        /* BAN */
    bool recover;            /* SUBSCRIBE: from `since` on */
    struct position since;
    struct follow_up follow_up;    /* SUBSCRIBE: for the protocol */
    const struct text_list *reach; /* which channels may be told; NULL: all */
    uint32_t limit; /* HISTORY, PRESENCE, CHANNELS: so many at the most */
    enum request_page page; /* SUBSCRIBE, RECOVER, HISTORY, PRESENCE */
    bool is_continued;      /* HISTORY: after `since`, up to `until`; PRESENCE:
                               from `until` on */
    uint64_t until;
    struct message *message; /* PUBLISH, DIRECT: owned */

    /* the answer */
    enum fault fault;
    char *why; /* REFUSED: in the application's words, or NULL; owned */
    struct position position;
    bool recovered;
    bool has_more;     /* the page holds not all of it */
    uint64_t page_end; /* it goes up to this offset; PRESENCE: next `until` */
    struct message **messages; /* owned, with a reference each */
    size_t message_count;
    size_t message_bytes;
    struct member_count *members; /* owned */
    size_t member_count;
    uint64_t member_total; /* PRESENCE: with those that are not listed */
    char **names;          /* of channels; owned */
    size_t name_count;
    uint32_t connections; /* of this instance that it reaches */
    bool is_removed;      /* UNBAN: there was one */
    uint32_t instances;   /* DISCONNECT, REMOVE, SURVEY: how many were told */

    /* for the bus alone, while it has the request */
    struct request *next;
    uint64_t number;
    uint64_t since_ms; /* when it came; 0: it has just come */
    bool is_unsure;    /* PUBLISH: it was sent, and may have been done */
    bool is_confirmed; /* SUBSCRIBE: Redis knows the position `since` */
    void *bus_data;

    char text[];
};

/* A request with copies of the texts; `info` and `once` may be empty. */
struct request *request_new(enum request_kind kind, struct bytes channel,
                            struct bytes client, struct bytes id);
struct request *request_new_subscribe(struct bytes channel, struct bytes client,
                                      struct bytes info, struct bytes id);
struct request *request_new_publish(struct bytes channel, struct bytes client,
                                    struct bytes once, struct bytes id);

/* The same for what concerns one client on every instance; `reason` is a valid
 * close text, or empty. */
struct request *request_new_disconnect(struct bytes client,
                                       struct bytes reason);
struct request *request_new_remove(struct bytes client, struct bytes channel);

struct request *request_new_survey(enum survey_kind kind, struct bytes client,
                                   struct bytes about);

/* `target` as in eviction.h. */
struct request *request_new_eviction(struct bytes target, struct bytes reason);

/* `target` as in bans.h. */
struct request *request_new_ban(struct bytes target, int64_t until_ms,
                                struct bytes reason);
struct request *request_new_unban(struct bytes target);
void request_free(struct request *request);

/* For the bus: posts the answered request back to whoever asked, or frees it
 * when nobody waits. Any thread. */
void request_finish(struct request *request);

/* The request for what follows such a page. */
struct request *request_next_page(const struct request *request);

/* For the bus, to add to the answer; `message` gets a reference. */
void request_add_message(struct request *request, struct message *message);
void request_add_member(struct request *request, const char *client,
                        uint32_t connections, struct bytes info);
void request_add_name(struct request *request, struct bytes name);

/* For the bus: whether the page has room for that message. */
bool request_has_room(const struct request *request,
                      const struct message *message);

#endif

/* request: a bus request and its answer.
 *
 * It travels as one block: created on the requesting worker, passed to the bus,
 * filled in there, and posted back to that worker, where `done` reads it.
 *
 * Owner:   its current holder: the worker, then the bus, then the worker again,
 *          which frees it after `done`.
 * Thread:  one at a time.
 * Limits:  its content is bounded before it is created.
 * Failure: `fault` holds the reason.
 */
#ifndef PEAL_MESSAGING_REQUEST_H
#define PEAL_MESSAGING_REQUEST_H

#include "messaging/fault.h"
#include "messaging/message.h"
#include "messaging/request_parts.h"

enum request_kind {
    REQUEST_SUBSCRIBE,
    REQUEST_UNSUBSCRIBE, /* has no answer */
    REQUEST_PUBLISH,
    REQUEST_RECOVER, /* more missed messages of a subscriber, after `since` */
    REQUEST_HISTORY,
    REQUEST_PRESENCE,
    REQUEST_DIRECT,
    REQUEST_DISCONNECT, /* a client or addresses, on every instance */
    REQUEST_REMOVE,     /* a client from a channel, on every instance */
    REQUEST_CHANNELS,   /* channels with subscribers */
    REQUEST_INSTANCES,  /* instances: their reports in `names` */
    REQUEST_CLIENT,     /* its connections here changed; has no answer */
    REQUEST_SURVEY,     /* the answers of every instance, in `names` */
    REQUEST_BAN,        /* applies to every instance */
    REQUEST_UNBAN,
    REQUEST_TICKET, /* registers a ticket */
    REQUEST_REDEEM, /* uses a ticket, once over all instances */
    REQUEST_KIND_COUNT
};

struct text_list;
struct worker;

struct request {
    enum request_kind kind;

    /* the requester; `done` runs on the worker's thread, NULL: no answer */
    void (*done)(struct worker *worker, struct request *request);
    struct worker *worker;
    uint64_t connection; /* handle: it may be closed when the answer arrives */
    void *call;          /* or another requester, which waits for the answer */
    uint32_t part;       /* part of a call, and how its answer is written */
    void (*write_answer)(const struct request *request, struct buffer *out);

    /* the request; texts are stored within it */
    const char *channel;     /* or, for REQUEST_DIRECT, the client id; for
                                TICKET and REDEEM the ticket */
    const char *client;      /* requester or affected client, or empty */
    struct bytes id;         /* the client's request id, raw JSON */
    struct bytes info;       /* SUBSCRIBE: info, or empty */
    struct bytes reason;     /* DISCONNECT: for the close frame, or empty */
    struct bytes once;       /* PUBLISH: an idempotency key, or empty */
    char *ticket;            /* TICKET, and a successful REDEEM; owned */
    uint32_t seconds;        /* TICKET: validity */
    enum survey_kind survey; /* SURVEY */
    int64_t until_ms;        /* BAN */
    bool recover;            /* SUBSCRIBE: from `since` on */
    struct position since;
    struct follow_up follow_up;    /* SUBSCRIBE: for the protocol */
    const struct text_list *reach; /* channels that may be listed; NULL: all */
    uint32_t limit;         /* HISTORY, PRESENCE, CHANNELS: maximum number */
    enum request_page page; /* SUBSCRIBE, RECOVER, HISTORY, PRESENCE */
    bool is_continued;      /* HISTORY: after `since`, up to `until`; PRESENCE:
                               from `until` on */
    uint64_t until;
    struct message *message; /* PUBLISH, DIRECT: owned */

    /* the answer */
    enum fault fault;
    char *why; /* REFUSED: the application's reason, or NULL; owned */
    struct position position;
    bool recovered;
    bool has_more;     /* the page is not the last one */
    uint64_t page_end; /* last offset of the page; PRESENCE: next `until` */
    struct message **messages; /* owned, with a reference each */
    size_t message_count;
    size_t message_bytes;
    struct member_count *members; /* owned */
    size_t member_count;
    uint64_t member_total; /* PRESENCE: total, including unlisted ones */
    char **names;          /* of channels; owned */
    size_t name_count;
    uint32_t connections; /* connections of this instance that it reaches */
    bool is_removed;      /* UNBAN: there was one */
    uint32_t instances;   /* DISCONNECT, REMOVE, SURVEY: how many got it */

    /* private to the bus while it has the request */
    struct request *next;
    uint64_t number;
    uint64_t since_ms; /* time of arrival; 0: not set yet */
    bool is_unsure;    /* PUBLISH: it was sent, and may have been executed */
    bool is_confirmed; /* SUBSCRIBE: Redis knows the position `since` */
    void *bus_data;

    char text[];
};

/* Makes a request with copies of the texts; `info` and `once` may be empty. */
struct request *request_new(enum request_kind kind, struct bytes channel,
                            struct bytes client, struct bytes id);
struct request *request_new_subscribe(struct bytes channel, struct bytes client,
                                      struct bytes info, struct bytes id);
struct request *request_new_publish(struct bytes channel, struct bytes client,
                                    struct bytes once, struct bytes id);

/* The same, about one client on every instance. `reason`: a close text, or
 * empty. */
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

/* Called by the bus on any thread: posts the answer, or frees the request. */
void request_finish(struct request *request);

/* The request for the next page. */
struct request *request_next_page(const struct request *request);

/* Called by the bus to add to the answer; takes a reference to `message`. */
void request_add_message(struct request *request, struct message *message);
void request_add_member(struct request *request, const char *client,
                        uint32_t connections, struct bytes info);
void request_add_name(struct request *request, struct bytes name);

/* Called by the bus: whether the page has room for the message. */
bool request_has_room(const struct request *request,
                      const struct message *message);

#endif

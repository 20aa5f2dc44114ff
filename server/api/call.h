/* call: an API request that takes time, from its body to its answer; private
 * to api/.
 *
 * Its commands are asked of the bus; each has a part of the answer, and when
 * the last part is there, whoever waits is told. In a list, what comes after a
 * question waits for its answer, of which one page at a time is asked for.
 *
 * Owner:   whoever made it, by api_call_free (call_run.h); while the bus has
 *          requests of it, it outlives that, and frees itself with the last.
 * Thread:  the worker's.
 * Limits:  the body's length, and the number of parts: struct api_options. One
 *          history or presence is answered in pages; of a list, questions are
 *          refused once their answers are longer than CALL_LIST_BYTES.
 * Failure: a part has an HTTP status of its own.
 */
#ifndef PEAL_API_CALL_H
#define PEAL_API_CALL_H

#include "api/api_keys.h"
#include "base/ip_address.h"
#include "base/json.h"
#include "messaging/request.h"
#include "messaging/worker.h"

/* What a command may be told, as raw JSON (len 0: absent). */
enum field {
    FIELD_COMMAND,
    FIELD_CHANNEL,
    FIELD_CHANNELS,
    FIELD_CLIENT,
    FIELD_COMMANDS,
    FIELD_IDEMPOTENCY_KEY,
    FIELD_LIMIT,
    FIELD_PAYLOAD,
    FIELD_REASON,
    FIELD_CAPS,
    FIELD_TTL,
    FIELD_TRACE,
    FIELD_ADDRESS,
    FIELD_EVENT,
    FIELD_INFO,
    FIELD_SENDER, /* the last ones are said by protocols, not by backends */
    FIELD_CONNECTIONS,
    FIELD_MEMBERS,
    FIELD_COUNT
};

/* Of the answers to all questions of a batch. */
enum { CALL_LIST_BYTES = 4 << 20 };

extern const char *const field_names[FIELD_COUNT];

/* The answer to one command. */
struct call_part {
    int status;               /* 0: not there yet */
    struct buffer text;       /* a JSON object */
    struct call_audit *audit; /* until it is answered; or NULL */
};

struct api_call;

/* A call that is no command: it fills its one part itself. Embedded as the
 * first member of what it needs. */
struct call_task {
    void (*run)(struct api_call *call);
    void (*free)(struct call_task *task);
};

struct api_counts;
struct api_response;
struct call_audit;
struct command;
struct kept_request;

struct api_call {
    /* set once */
    struct api_counts *counts;
    struct worker *worker;
    const struct command *command;
    struct api_keys *keys; /* a reference; NULL: a protocol has judged */
    const struct api_key *key;
    struct ip_address client;  /* who asks */
    struct kept_request *kept; /* of a contributed route, or NULL */
    struct call_task *task;    /* owned; NULL: it is a command */
    struct buffer headers;     /* of the response: whole lines */
    size_t route;              /* to be counted by */
    uint32_t batch_commands;   /* at the most */
    size_t body_len;           /* as announced, or what it may be */
    char trace[TRACE_LEN];     /* its header's, for what names none itself */
    uint8_t trace_len;
    /* grows while the body comes */
    struct buffer body;
    /* once it runs */
    void (*done)(void *arg, const struct api_response *response);
    void *arg;
    struct call_part *parts;
    struct request *more; /* of a long answer, to be asked for; or NULL */
    void (*go_on)(struct api_call *call); /* with the list, or NULL */
    struct bytes rest;                    /* of the list */
    uint32_t part_next;
    size_t listed;  /* bytes of the answers to its questions */
    size_t counted; /* of it, in METRIC_WAITING_BYTES */
    uint32_t part_count;
    uint32_t pending;  /* parts that are not there yet; and call_run itself */
    bool is_list;      /* the answer is a list of parts */
    bool is_asking;    /* a question: what comes next waits for the answer */
    bool is_full;      /* no more questions */
    bool is_continued; /* the first page was answered */
    bool is_abandoned;
};

/* The header of the whole request, where it is good. */
void call_keep_trace(struct api_call *call, struct bytes header);

/* The traceparent of a part: its own, or that of the whole request. */
struct bytes call_trace(const struct api_call *call,
                        const struct json_slot *slots);

/* The name of its key. A protocol that judges by itself has keys of its own:
 * its route stands for them. */
const char *call_key_name(const struct api_call *call);

/* The patterns that its key reaches; NULL: everything. */
const struct text_list *call_channels(const struct api_call *call);
const struct text_list *call_clients(const struct api_call *call);

/* Asks the bus for a part; `write` writes it when the request comes back
 * without a fault. Takes the request. */
void call_ask(struct api_call *call, uint32_t part, struct request *request,
              void (*write)(const struct request *request, struct buffer *out));

/* A part of a list, which had `before` bytes, was answered: it counts, and is
 * refused in place of making the list too long. */
void call_weigh(struct api_call *call, uint32_t part, size_t before);

/* One part less to wait for; after the last one whoever waits is told, and the
 * call may be gone. */
void call_settle(struct api_call *call);

/* So many bytes more, or less, wait in it. */
void call_count_waiting(struct api_call *call, int64_t more);
/* Makes the answer to an object of one part. */
void call_add_part(struct api_call *call);

void call_destroy(struct api_call *call); /* which waits for nothing */
/* Answers a part with an error; `field` is the one that is wrong, or NULL. */
void call_refuse(struct api_call *call, uint32_t part, int status,
                 const char *field, const char *error);

#endif

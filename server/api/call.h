/* call: an asynchronous API request, from its body to its answer; private to
 * api/.
 *
 * Its commands become bus requests. Each has a part of the answer; when the
 * last part is complete, the waiting caller is called back. In a list, commands
 * after a query wait for its answer, which is requested page by page.
 *
 * Owner:   its creator, freed by api_call_free (call_run.h). While the bus has
 *          requests of it, it outlives that call, and frees itself after the
 *          last one.
 * Thread:  the worker's.
 * Limits:  the body's length, and the number of parts: struct api_options. A
 *          single history or presence is answered in pages; in a list, queries
 *          are refused once their answers exceed CALL_LIST_BYTES.
 * Failure: each part has its own HTTP status.
 */
#ifndef PEAL_API_CALL_H
#define PEAL_API_CALL_H

#include "api/api_keys.h"
#include "base/ip_address.h"
#include "base/json.h"
#include "messaging/request.h"
#include "messaging/worker.h"

/* The fields of a command, as raw JSON (len 0: absent). */
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
    FIELD_SENDER, /* the last ones are set by protocols, not by backends */
    FIELD_CONNECTIONS,
    FIELD_MEMBERS,
    FIELD_COUNT
};

/* Total length of the answers to all queries of a batch. */
enum { CALL_LIST_BYTES = 4 << 20 };

extern const char *const field_names[FIELD_COUNT];

/* The answer to one command. */
struct call_part {
    int status;               /* 0: not answered yet */
    struct buffer text;       /* a JSON object */
    struct call_audit *audit; /* set until it is answered; or NULL */
};

struct api_call;

/* A call that is not a command and fills its single part itself. Embedded as
 * the first member of its state. */
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
    struct api_keys *keys; /* a reference; NULL: authorized by a protocol */
    const struct api_key *key;
    struct ip_address client;  /* the requester */
    struct kept_request *kept; /* state of a contributed route, or NULL */
    struct call_task *task;    /* owned; NULL: it is a command */
    struct buffer headers;     /* of the response: whole lines */
    size_t route;              /* where it is counted */
    uint32_t batch_commands;   /* maximum */
    size_t body_len;           /* as announced, or the maximum */
    char trace[TRACE_LEN]; /* from its header, for commands without their own */
    uint8_t trace_len;
    /* grows while the body arrives */
    struct buffer body;
    /* once it runs */
    void (*done)(void *arg, const struct api_response *response);
    void *arg;
    struct call_part *parts;
    struct request *more; /* next page of a long answer, or NULL */
    void (*go_on)(struct api_call *call); /* with the list, or NULL */
    struct bytes rest;                    /* of the list */
    uint32_t part_next;
    size_t listed;  /* bytes of the answers to its queries */
    size_t counted; /* its share of METRIC_WAITING_BYTES */
    uint32_t part_count;
    uint32_t pending;  /* incomplete parts, plus call_run itself */
    bool is_list;      /* the answer is a list of parts */
    bool is_asking;    /* a query: later commands wait for its answer */
    bool is_full;      /* no more queries */
    bool is_continued; /* the first page was answered */
    bool is_abandoned;
};

/* The traceparent header of the whole request, if valid. */
void call_keep_trace(struct api_call *call, struct bytes header);

/* The traceparent of a part: its own, or that of the whole request. */
struct bytes call_trace(const struct api_call *call,
                        const struct json_slot *slots);

/* The name of its key, or of its route if a protocol authorizes requests. */
const char *call_key_name(const struct api_call *call);

/* The patterns that its key may access; NULL: everything. */
const struct text_list *call_channels(const struct api_call *call);
const struct text_list *call_clients(const struct api_call *call);

/* Submits the bus request of a part; `write` writes the part when the request
 * returns without a fault. Takes the request. */
void call_ask(struct api_call *call, uint32_t part, struct request *request,
              void (*write)(const struct request *request, struct buffer *out));

/* Call when a part of a list, which had `before` bytes, was answered: counts
 * it, or refuses it if the list would become too long. */
void call_weigh(struct api_call *call, uint32_t part, size_t before);

/* One part less to wait for. After the last one the caller is called back, and
 * the call may be freed. */
void call_settle(struct api_call *call);

/* Adjusts the number of bytes waiting in the call. */
void call_count_waiting(struct api_call *call, int64_t more);
/* Turns the answer into an object of one part. */
void call_add_part(struct api_call *call);

void call_destroy(struct api_call *call); /* which waits for nothing */
/* Answers a part with an error; `field` is the invalid field, or NULL. */
void call_refuse(struct api_call *call, uint32_t part, int status,
                 const char *field, const char *error);

#endif

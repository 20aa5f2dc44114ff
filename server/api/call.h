/* call: an API request that takes time, from its body to its answer; private
 * to api/.
 *
 * Its commands are asked of the bus; each has a part of the answer, and when
 * the last part is there, whoever waits is told.
 *
 * Owner:   whoever made it, by api_call_free; while the bus has requests of
 *          it, it outlives that, and frees itself with the last one.
 * Thread:  the worker's.
 * Limits:  the body's length, and the number of parts: struct api_options.
 * Failure: a part has an HTTP status of its own.
 */
#ifndef PEAL_API_CALL_H
#define PEAL_API_CALL_H

#include "api/api.h"
#include "api/api_keys.h"
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
    FIELD_COUNT
};

extern const char *const field_names[FIELD_COUNT];

/* The answer to one command. */
struct call_part {
    int status;         /* 0: not there yet */
    struct buffer text; /* a JSON object */
};

struct command;

struct api_call {
    /* set once */
    struct api *api;
    struct worker *worker;
    const struct command *command;
    struct api_keys *keys; /* a reference */
    const struct api_key *key;
    size_t route; /* to be counted by */
    size_t body_len; /* as announced, or what it may be */
    char trace[TRACE_LEN]; /* its header's, for what names none itself */
    uint8_t trace_len;
    /* grows while the body comes */
    struct buffer body;
    /* once it runs */
    void (*done)(void *arg, const struct api_response *response);
    void *arg;
    struct call_part *parts;
    uint32_t part_count;
    uint32_t pending; /* parts that are not there yet; and call_run itself */
    bool is_list;     /* the answer is a list of parts */
    bool is_abandoned;
};

/* The header of the whole request, where it is good. */
void call_keep_trace(struct api_call *call, struct bytes header);

/* The traceparent of a part: its own, or that of the whole request. */
struct bytes call_trace(const struct api_call *call,
                        const struct json_slot *slots);

/* Asks the bus for a part; `write` writes it when the request comes back
 * without a fault. Takes the request. */
void call_ask(struct api_call *call, uint32_t part, struct request *request,
              void (*write)(const struct request *request,
                            struct buffer *out));

/* Answers a part with an error; `field` is the one that is wrong, or NULL. */
void call_refuse(struct api_call *call, uint32_t part, int status,
                 const char *field, const char *error);

#endif

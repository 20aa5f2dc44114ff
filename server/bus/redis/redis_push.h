/* redis_push: reads hiredis replies defensively: a hostile or broken Redis may
 * send any structure.
 *
 * Owner:   results point into the reply.
 * Thread:  any.
 * Limits:  none.
 * Failure: false or NULL for an unexpected reply.
 */
#ifndef PEAL_BUS_REDIS_PUSH_H
#define PEAL_BUS_REDIS_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "messaging/request.h"

struct redisReply;

enum push_kind {
    PUSH_MESSAGE,
    PUSH_PATTERN,
    PUSH_SUBSCRIBED,
    PUSH_UNSUBSCRIBED, /* requested, or because the slot has moved */
    PUSH_OTHER
};

struct redis_push {
    enum push_kind kind;
    struct bytes channel; /* the name in Redis */
    struct bytes text;    /* of a message */
};

/* Whether pub/sub pushed it, unrequested. */
bool redis_push_is_one(const struct redisReply *reply);

bool redis_push_read(const struct redisReply *reply, struct redis_push *push);

/* A string or status, zero-terminated; NULL for anything else. */
const char *redis_push_text(const struct redisReply *reply);

/* The text of an error reply; NULL for other replies, and for NULL. */
const char *redis_push_error(const struct redisReply *reply);

/* A temporary error, used as the answer to commands that were never sent. */
const struct redisReply *redis_push_not_sent(void);

/* Whether it is a redirection or retry error of a cluster. */
bool redis_push_is_redirection(const struct redisReply *reply);

/* The target of "MOVED <slot> <host>:<port>" or "ASK ...". An empty host: the
 * queried one. */
struct redis_redirection {
    char host[256];
    uint16_t port;
    uint16_t slot;
};

bool redis_push_redirection(const char *error,
                            struct redis_redirection *redirection);

/* A slot range of CLUSTER SLOTS and its master. */
struct redis_range {
    uint16_t first;
    uint16_t last;
    struct bytes host; /* of the master; empty: the queried node */
    uint16_t port;
    uint32_t replicas;
};

bool redis_push_range(const struct redisReply *reply,
                      struct redis_range *range);

bool redis_push_number(const struct redisReply *reply, int64_t *number);

/* A string's bytes. */
bool redis_push_bytes(const struct redisReply *reply, struct bytes *bytes);

/* The number of elements of an array; 0 for anything else. */
size_t redis_push_count(const struct redisReply *reply);

/* One of them, or NULL. */
const struct redisReply *redis_push_element(const struct redisReply *reply,
                                            size_t index);

/* Reads epoch and offset at the start of a result of publish.lua or read.lua.
 */
bool redis_push_position(const struct redisReply *reply,
                         struct position *position);

/* Whether it is an error that contains the text. */
bool redis_push_has_error(const struct redisReply *reply, const char *text);

/* Whether it is the answer to a wrong password. */
bool redis_push_is_login_error(const struct redisReply *reply);

/* Whether a later retry may succeed: loading, read-only, out of memory, a
 * missing script. False for replies that are not errors. */
bool redis_is_passing_error(const struct redisReply *reply);

#endif

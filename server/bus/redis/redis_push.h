/* redis_push: replies of hiredis read with care: a hostile or broken Redis may
 * send any shape.
 *
 * Owner:   what is read points into the reply.
 * Thread:  any.
 * Limits:  none.
 * Failure: false or NULL for a reply of another shape.
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
    PUSH_UNSUBSCRIBED, /* asked for, or because the slot has moved */
    PUSH_OTHER
};

struct redis_push {
    enum push_kind kind;
    struct bytes channel; /* as Redis knows it */
    struct bytes text;    /* of a message */
};

/* Whether pub/sub pushed it: nobody asked. */
bool redis_push_is_one(const struct redisReply *reply);

bool redis_push_read(const struct redisReply *reply, struct redis_push *push);

/* A string or status, zero-terminated; NULL for anything else. */
const char *redis_push_text(const struct redisReply *reply);

/* The text of an error reply; NULL for any other, and for NULL. */
const char *redis_push_error(const struct redisReply *reply);

/* An error that passes, in place of an answer to what was never sent. */
const struct redisReply *redis_push_not_sent(void);

/* An error of a cluster that says: elsewhere, or later. */
bool redis_push_is_redirection(const struct redisReply *reply);

/* Where "MOVED <slot> <host>:<port>" or "ASK ..." leads. An empty host: the one
 * that was asked. */
struct redis_redirection {
    char host[256];
    uint16_t port;
    uint16_t slot;
};

bool redis_push_redirection(const char *error,
                            struct redis_redirection *redirection);

/* A range of slots out of CLUSTER SLOTS: whose it is. */
struct redis_range {
    uint16_t first;
    uint16_t last;
    struct bytes host; /* of the master; empty: the one that was asked */
    uint16_t port;
    uint32_t replicas;
};

bool redis_push_range(const struct redisReply *reply,
                      struct redis_range *range);

bool redis_push_number(const struct redisReply *reply, int64_t *number);

/* A string's bytes. */
bool redis_push_bytes(const struct redisReply *reply, struct bytes *bytes);

/* How many elements an array has; 0 for anything else. */
size_t redis_push_count(const struct redisReply *reply);

/* One of them, or NULL. */
const struct redisReply *redis_push_element(const struct redisReply *reply,
                                            size_t index);

/* What publish.lua and read.lua begin with: epoch and offset. */
bool redis_push_position(const struct redisReply *reply,
                         struct position *position);

/* Whether it is an error in which that stands. */
bool redis_push_has_error(const struct redisReply *reply, const char *text);

/* Whether it is the answer to a wrong password. */
bool redis_push_is_login_error(const struct redisReply *reply);

/* Whether another try, later, may mend the error: loading, read-only, out of
 * memory, a script forgotten. False for what is no error. */
bool redis_is_passing_error(const struct redisReply *reply);

#endif

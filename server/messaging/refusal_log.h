/* refusal_log: keeps recent refusals, with client and reason, to explain why a
 * client cannot connect.
 *
 * A repeated refusal only increments a counter. One address may use at most a
 * quarter of the places, so that it cannot displace the others.
 *
 * Owner:   struct instance; texts are copied.
 * Thread:  any; under one lock.
 * Limits:  REFUSAL_LOG_PLACES, REFUSAL_LOG_SECONDS; texts are cut.
 * Failure: none: the oldest are replaced.
 */
#ifndef PEAL_MESSAGING_REFUSAL_LOG_H
#define PEAL_MESSAGING_REFUSAL_LOG_H

#include "base/buffer.h"
#include "base/ip_address.h"
#include "messaging/refusal_reason.h"

enum {
    REFUSAL_LOG_PLACES = 512,
    REFUSAL_LOG_PER_ADDRESS = REFUSAL_LOG_PLACES / 4,
    REFUSAL_LOG_SECONDS = 900
};

struct refusal_log;

/* A refusal; borrowed. Texts may be empty. Never contains a token. */
struct refusal_entry {
    enum refusal_kind kind;
    enum refusal_reason reason;
    int status; /* HTTP status, or 0 */
    struct ip_address address;
    struct bytes client;
    struct bytes channel;
    struct bytes detail;
};

struct refusal_log *refusal_log_new(void);
void refusal_log_free(struct refusal_log *log);

void refusal_log_note(struct refusal_log *log,
                      const struct refusal_entry *entry);

/* A query. */
struct refusal_filter {
    struct bytes client;   /* empty: all */
    struct ip_range range; /* of addresses; */
    bool has_range;        /* else all */
};

/* Appends up to `limit` comma-separated JSON objects, newest first; returns the
 * total. */
uint32_t refusal_log_write(struct refusal_log *log,
                           const struct refusal_filter *filter,
                           const char *instance, uint32_t limit,
                           struct buffer *out);

#endif

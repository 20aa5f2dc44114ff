/* look: a snapshot of the busiest channels or connections over all workers.
 *
 * A connection requests a snapshot. It is posted to each worker, which visits
 * its channels or connections in steps of some hundred, and posts its top rows
 * back; then all are merged.
 *
 * Owner:   the requesting worker; each part belongs to the worker that fills
 *          it, until it is posted back.
 * Thread:  look_begin and `done` on the requesting worker's.
 * Limits:  one snapshot at a time per connection, WATCH_LOOKS per second and
 *          worker; LOOK_ROWS_MAX rows, plus the output of `write`.
 * Failure: none; the result is dropped if the connection has closed.
 */
#ifndef PEAL_MESSAGING_LOOK_H
#define PEAL_MESSAGING_LOOK_H

#include "messaging/names.h"
#include "messaging/tally.h"

enum { LOOK_ROWS_MAX = 100, LOOK_SEARCH_MAX = CHANNEL_NAME_MAX };

/* The sort key; the first four are rates, as in enum tally_kind. */
enum look_order {
    LOOK_SIZE = TALLY_KINDS, /* subscribers, or waiting bytes */
    LOOK_AGE,                /* connections: oldest first */
    LOOK_ORDERS
};

/* A query about channels or connections. */
struct look_wish {
    unsigned order;      /* enum tally_kind or enum look_order */
    uint32_t limit;      /* rows */
    struct bytes search; /* part of a name; or empty */
    char text[LOOK_SEARCH_MAX];
};

struct look_row {
    uint64_t key;
    char *name; /* owned */
    struct buffer text;
};

/* Sorted by rank. */
struct look_rows {
    struct look_row *items;
    uint32_t count;
    uint32_t matched; /* number of candidates */
};

struct look;

/* One worker's part. */
struct look_part {
    struct look *look;
    struct worker *worker;
    uint64_t begun_ms;
    uint64_t waited_ms;   /* until the worker started it */
    uint32_t next;        /* next slot or bucket */
    uint32_t buckets;     /* size of the channels' hash at the start */
    bool has_connections; /* all were visited */
    struct look_rows channels;
    struct look_rows connections;
};

struct look_query {
    struct look_wish channels;
    struct look_wish connections;
    /* Writes a top row; called on the worker that has it. */
    void (*write_channel)(const struct channel *channel, struct buffer *out);
    void (*write_connection)(const struct connection *connection,
                             struct buffer *out);
    /* Called when the result is complete. */
    void (*done)(struct connection *connection, const struct look *look);
};

struct look {
    struct worker *worker;
    uint64_t connection; /* handle */
    struct look *next;   /* snapshots in progress on the worker */
    struct look_query query;
    struct look_rows channels;
    struct look_rows connections;
    uint32_t open; /* missing parts */
    uint32_t part_count;
    struct look_part parts[];
};

/* False if the connection already has one in progress, or the limit per second
 * is reached. Copies the query and its search texts. */
bool look_begin(struct connection *connection, const struct look_query *query);

#endif

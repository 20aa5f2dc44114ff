/* snapshot: an ordered view of the busiest channels or connections over all
 * workers.
 *
 * A connection requests a snapshot. It is posted to each worker, which visits
 * its channels or connections in steps of some hundred, and posts its top rows
 * back; then all are merged.
 *
 * Owner:   the requesting worker; each part belongs to the worker that fills
 *          it, until it is posted back.
 * Thread:  snapshot_begin and `done` on the requesting worker's.
 * Limits:  one snapshot at a time per connection, WATCH_SNAPSHOTS per second
 *          and worker; SNAPSHOT_ROWS_MAX rows, plus the output of `write`.
 * Failure: none; the result is dropped if the connection has closed.
 */
#ifndef PEAL_MESSAGING_SNAPSHOT_H
#define PEAL_MESSAGING_SNAPSHOT_H

#include "messaging/names.h"
#include "messaging/rates.h"

enum { SNAPSHOT_ROWS_MAX = 100, SNAPSHOT_SEARCH_MAX = CHANNEL_NAME_MAX };

/* The sort key; the first four are rates, as in enum rate_kind. */
enum snapshot_order {
    SNAPSHOT_SIZE = RATE_KINDS, /* subscribers, or waiting bytes */
    SNAPSHOT_AGE,               /* connections: oldest first */
    SNAPSHOT_ORDERS
};

/* A query about channels or connections. */
struct snapshot_filter {
    unsigned order;      /* enum rate_kind or enum snapshot_order */
    uint32_t limit;      /* rows */
    struct bytes search; /* part of a name; or empty */
    char text[SNAPSHOT_SEARCH_MAX];
};

struct snapshot_row {
    uint64_t key;
    char *name; /* owned */
    struct buffer text;
};

/* Sorted by rank. */
struct snapshot_rows {
    struct snapshot_row *items;
    uint32_t count;
    uint32_t matched; /* number of candidates */
};

struct snapshot;

/* One worker's part. */
struct snapshot_part {
    struct snapshot *snapshot;
    struct worker *worker;
    uint64_t begun_ms;
    uint64_t waited_ms;   /* until the worker started it */
    uint32_t next;        /* next slot or bucket */
    uint32_t buckets;     /* size of the channels' hash at the start */
    bool has_connections; /* all were visited */
    struct snapshot_rows channels;
    struct snapshot_rows connections;
};

struct snapshot_query {
    struct snapshot_filter channels;
    struct snapshot_filter connections;
    /* Writes a top row; called on the worker that has it. */
    void (*write_channel)(const struct channel *channel, struct buffer *out);
    void (*write_connection)(const struct connection *connection,
                             struct buffer *out);
    /* Called when the result is complete. */
    void (*done)(struct connection *connection,
                 const struct snapshot *snapshot);
};

struct snapshot {
    struct worker *worker;
    uint64_t connection;   /* handle */
    struct snapshot *next; /* snapshots in progress on the worker */
    struct snapshot_query query;
    struct snapshot_rows channels;
    struct snapshot_rows connections;
    uint32_t open; /* missing parts */
    uint32_t part_count;
    struct snapshot_part parts[];
};

/* False if the connection already has one in progress, or the limit per second
 * is reached. Copies the query and its search texts. */
bool snapshot_begin(struct connection *connection,
                    const struct snapshot_query *query);

#endif

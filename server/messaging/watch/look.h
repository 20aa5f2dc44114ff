/* look: which channels and which connections are busiest, over all workers.
 *
 * A look is taken at the request of one connection: it is posted to each
 * worker, which walks over what it has, some hundred in each step, and posts
 * its best rows back; when all are there, they are merged.
 *
 * Owner:   the asking worker; each part is the worker's that fills it, until
 *          it is posted back.
 * Thread:  look_begin and `done` on the asking worker's.
 * Limits:  one look at a time for each connection, WATCH_LOOKS a second for
 *          those of a worker; LOOK_ROWS_MAX rows, and what `write` writes.
 * Failure: none; where the connection is gone nobody is told.
 */
#ifndef PEAL_MESSAGING_LOOK_H
#define PEAL_MESSAGING_LOOK_H

#include "messaging/names.h"
#include "messaging/tally.h"

enum { LOOK_ROWS_MAX = 100, LOOK_SEARCH_MAX = CHANNEL_NAME_MAX };

/* What comes first; the first four are rates, as in enum tally_kind. */
enum look_order {
    LOOK_SIZE = TALLY_KINDS, /* subscribers, or bytes that wait */
    LOOK_AGE,                /* of a connection: the oldest */
    LOOK_ORDERS
};

/* Of channels, or of connections. */
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

/* The best first. */
struct look_rows {
    struct look_row *items;
    uint32_t count;
    uint32_t matched; /* how many there were to choose from */
};

struct look;

/* One worker's share. */
struct look_part {
    struct look *look;
    struct worker *worker;
    uint64_t begun_ms;
    uint64_t waited_ms;   /* until the worker came to it */
    uint32_t next;        /* the slot or bucket that is looked at next */
    uint32_t buckets;     /* of the channels' hash, when that was begun */
    bool has_connections; /* all of them were looked at */
    struct look_rows channels;
    struct look_rows connections;
};

struct look_query {
    struct look_wish channels;
    struct look_wish connections;
    /* Write a row that is among the best; on the worker that has it. */
    void (*write_channel)(const struct channel *channel, struct buffer *out);
    void (*write_connection)(const struct connection *connection,
                             struct buffer *out);
    /* Everything is there. */
    void (*done)(struct connection *connection, const struct look *look);
};

struct look {
    struct worker *worker;
    uint64_t connection; /* handle */
    struct look *next;   /* that the worker has under way */
    struct look_query query;
    struct look_rows channels;
    struct look_rows connections;
    uint32_t open; /* parts that are not there */
    uint32_t part_count;
    struct look_part parts[];
};

/* False when one of the connection's is under way, or there were too many in
 * this second. Copies the query, and its searches. */
bool look_begin(struct connection *connection, const struct look_query *query);

#endif

/* replies: what connections of a worker are answered within one turn, gathered
 * so that each gets one write, and all together few system calls.
 *
 * Owner:   the worker; connections are borrowed.
 * Thread:  the worker's.
 * Limits:  so many connections and bytes; what is more has the others sent
 *          first.
 * Failure: as of any write, when they are sent.
 */
#ifndef PEAL_MESSAGING_REPLIES_H
#define PEAL_MESSAGING_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct connection;
struct worker;

enum {
    REPLIES_CONNECTIONS = 256,
    REPLIES_BYTES = 65536,
    REPLY_BYTES = 4096 /* a longer one is written at once */
};

struct reply {
    struct connection *connection; /* NULL: it is gone */
    uint32_t start;                /* of its frames, one behind the other */
    uint32_t len;
    uint32_t count;
};

/* A zeroed struct is empty. */
struct replies {
    uint32_t count;
    uint32_t len;
    struct reply list[REPLIES_CONNECTIONS];
    char *data; /* REPLIES_BYTES */
};

void replies_deinit(struct replies *replies);

/* Keeps a frame of up to REPLY_BYTES until replies_send; behind the last one
 * when that is the same connection's. */
void replies_add(struct worker *worker, struct connection *connection,
                 struct bytes frame);

/* Writes them. Also before anything else is written to one of the connections:
 * what came first is sent first. */
void replies_send(struct worker *worker);

/* The connection is being freed; how many frames it will not get. */
uint32_t replies_forget(struct worker *worker,
                        const struct connection *connection);

#endif

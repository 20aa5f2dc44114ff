/* replies: what connections of a worker are answered within one turn, gathered
 * so that each gets one write, and all together few system calls.
 *
 * Owner:   the worker; connections are borrowed.
 * Thread:  the worker's.
 * Limits:  REPLIES_CONNECTIONS and REPLIES_BYTES; the caller sends what is
 *          there before it adds more.
 * Failure: none; connection_send_replies writes them.
 */
#ifndef PEAL_MESSAGING_REPLIES_H
#define PEAL_MESSAGING_REPLIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct connection;

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

bool replies_have_room(const struct replies *replies, size_t len);

/* Keeps a frame of up to REPLY_BYTES, for which there is room; behind the last
 * one when that is the same connection's. */
void replies_add(struct replies *replies, struct connection *connection,
                 struct bytes frame);

/* The connection is being freed; how many frames it will not get. */
uint32_t replies_forget(struct replies *replies,
                        const struct connection *connection);

#endif

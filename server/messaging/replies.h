/* replies: gathers the answers to a worker's connections within one turn, so
 * that each connection gets one write, and few system calls are needed.
 *
 * Owner:   the worker; connections are borrowed.
 * Thread:  the worker's.
 * Limits:  REPLIES_CONNECTIONS and REPLIES_BYTES; the caller sends the gathered
 *          replies before adding more.
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
    REPLY_BYTES = 4096 /* longer ones are written immediately */
};

struct reply {
    struct connection *connection; /* NULL: closed */
    uint32_t start;                /* length of its concatenated frames */
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

/* Keeps a frame of up to REPLY_BYTES, for which there must be room; appends it
 * to the last one if that is for the same connection. */
void replies_add(struct replies *replies, struct connection *connection,
                 struct bytes frame);

/* Removes a connection that is being freed; returns the number of its dropped
 * frames. */
uint32_t replies_forget(struct replies *replies,
                        const struct connection *connection);

#endif

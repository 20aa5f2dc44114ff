/* client: what the connections of one client share.
 *
 * Owner:   clients.c; a client lives while it has a connection.
 * Thread:  the id from any thread, by a connection of the client; the rest
 *          under the lock of clients.c.
 * Limits:  none of its own.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_CLIENT_H
#define PEAL_MESSAGING_CLIENT_H

#include <stdint.h>

struct connection;

struct client {
    struct connection *newest; /* the head of its connections' list */
    uint32_t connections;
    char id[]; /* in the table of clients.c */
};

#endif

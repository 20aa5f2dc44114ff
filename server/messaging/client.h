/* client: state shared by the connections of one client.
 *
 * Owner:   clients.c; a client exists while it has a connection.
 * Thread:  the id from any thread, through a connection of the client; the rest
 *          under the lock of clients.c.
 * Limits:  none of its own.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_CLIENT_H
#define PEAL_MESSAGING_CLIENT_H

#include <stdint.h>

struct connection;

struct client {
    struct connection *newest; /* head of the list of its connections */
    uint32_t connections;
    char id[]; /* in the table of clients.c */
};

#endif

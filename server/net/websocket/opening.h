/* opening: state of a socket between a valid WebSocket request and its 101.
 *
 * Owner:   the socket.
 * Thread:  the reactor's.
 * Limits:  limits.channels_per_connection.
 * Failure: none.
 */
#ifndef PEAL_NET_OPENING_H
#define PEAL_NET_OPENING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "messaging/close_reason.h"

struct request_head;

enum { OPENING_KEY = 24 };

struct opening {
    char key[OPENING_KEY];           /* Sec-WebSocket-Key */
    const struct protocol *protocol; /* chosen, or NULL */
    bool names_protocol; /* send it in the response: the client offered names */
    bool wants_hello;    /* by ?hello=1 */
    /* set for a refusal to explain, without a connection */
    enum close_reason refusal;
    const char *reason; /* points into `text` */
    /* the requested channels; their names are in `text` */
    struct bytes *channels;
    size_t channel_count;
    /* for event streams */
    char *cors;          /* header lines, or NULL; owned */
    char *last_event_id; /* owned, or NULL */
    char text[];
};

/* A zeroed opening with room for the request's text. */
struct opening *opening_new(const struct request_head *head, size_t text_len);

/* NULL is ignored. */
void opening_free(struct opening *opening);

#endif

/* keep_alive: the end of a request on a connection that serves another.
 *
 * Owner:   nothing is owned.
 * Thread:  the socket's.
 * Limits:  none.
 * Failure: false means that the connection is to be closed.
 */
#ifndef PEAL_NET_KEEP_ALIVE_H
#define PEAL_NET_KEEP_ALIVE_H

#include <stdbool.h>

struct lws;

bool keep_alive(struct lws *wsi);

#endif

/* local_orders: requests about clients and addresses, which have no channel and
 * thus no place in its order.
 *
 * Owner:   takes the requests that it serves.
 * Thread:  any.
 * Limits:  those of bans and surveys.
 * Failure: a fault in the answer.
 */
#ifndef PEAL_BUS_LOCAL_ORDERS_H
#define PEAL_BUS_LOCAL_ORDERS_H

#include "messaging/request.h"

struct instance;

/* False for other kinds of requests. */
bool local_orders_serve(const struct instance *instance,
                        struct request *request);

#endif

/* client_rates: rate limit of each client's HTTP requests, which have no
 * persistent connection to count in.
 *
 * A bucket that was unused for a second is full, so its place can be reused for
 * another client without changing any limit.
 *
 * Owner:   struct instance.
 * Thread:  any; under one lock.
 * Limits:  a fixed table, in sets of CLIENT_RATES_WAYS places. If more clients
 *          of one set are active within a second, some share a bucket,
 *          unpredictably for clients.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_CLIENT_RATES_H
#define PEAL_MESSAGING_CLIENT_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum { CLIENT_RATES_WAYS = 8 };

struct client_rates;

struct client_rates *client_rates_new(void);

/* NULL is ignored. */
void client_rates_free(struct client_rates *rates);

/* Takes one of the client's `rate` messages per second; false if none is left.
 * 0: no limit. */
bool client_rates_take(struct client_rates *rates, struct bytes client,
                       uint32_t rate, uint64_t now_ms);

#endif

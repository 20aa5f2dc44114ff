/* client_rates: how often each client may ask over HTTP, where no connection
 * that stays counts for it.
 *
 * A bucket that was not touched for a second is full, so its place can go to
 * another client without anybody getting more or less than is due.
 *
 * Owner:   struct instance.
 * Thread:  any; under one lock.
 * Limits:  a fixed table, in sets of CLIENT_RATES_WAYS places. Beyond so many
 *          clients of one set in the same second, some share a bucket; nobody
 *          outside can foresee which.
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

/* Takes one of the client's messages for this second, of which there are
 * `rate`; false when there is none. 0: no limit. */
bool client_rates_take(struct client_rates *rates, struct bytes client,
                       uint32_t rate, uint64_t now_ms);

#endif

/* api_counts: counts backend requests, by route and status.
 *
 * Owner:   struct api.
 * Thread:  any.
 * Limits:  one counter per route and status.
 * Failure: none.
 */
#ifndef PEAL_API_API_COUNTS_H
#define PEAL_API_API_COUNTS_H

#include <stdatomic.h>

#include "api/answer.h"
#include "api/routes.h"

struct protocol;

struct api_counts {
    _Atomic uint64_t of[ROUTES_MAX][ANSWER_STATUSES];
};

/* Call when a response to the route of that index is ready: adds missing
 * headers, and counts it. */
void api_counts_finish(struct api_counts *counts, size_t route,
                       struct api_response *response);

/* Prometheus' text format. */
void api_counts_write(const struct api_counts *counts,
                      const struct protocol *const *protocols,
                      struct buffer *out);

#endif

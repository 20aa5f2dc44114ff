/* distribution: counts values by range; a histogram in Prometheus' terms.
 *
 * Owner:   whoever embeds it; it holds no memory of its own.
 * Thread:  one writer; any reader.
 * Limits:  the ranges are fixed; a value above them counts as above.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_DISTRIBUTION_H
#define PEAL_MESSAGING_DISTRIBUTION_H

#include <stdatomic.h>
#include <stddef.h>

#include "base/buffer.h"

enum { DISTRIBUTION_RANGES = 16 };

/* The unit; durations are recorded in nanoseconds and exposed in seconds. */
enum distribution_unit { UNIT_SECONDS, UNIT_BYTES };

/* A zeroed struct is empty. */
struct distribution {
    _Atomic uint64_t counts[DISTRIBUTION_RANGES];
    _Atomic uint64_t sum;
};

void distribution_add(struct distribution *distribution,
                      enum distribution_unit unit, uint64_t value);

/* Adds all of `other`, which another thread may be writing. */
void distribution_merge(struct distribution *distribution,
                        const struct distribution *other);

/* Prometheus' text format: the samples of the family `name`. */
void distribution_write(const struct distribution *distribution,
                        const char *name, enum distribution_unit unit,
                        struct buffer *out);

#endif

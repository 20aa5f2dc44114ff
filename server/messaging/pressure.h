/* pressure: whether what waits, on all workers together, takes more memory than
 * limits.memory_bytes. Then new work is refused, and the connections for which
 * most waits are closed, the largest of all workers first, until it is enough.
 * Each worker says how large its largest is, and closes it if no other says
 * more.
 *
 * Owner:   nothing; each worker counts in METRIC_WAITING_BYTES.
 * Thread:  the worker's; the counts of the others are read.
 * Limits:  a few connections are closed in a turn. A worker that does not say
 *          anything is not waited for longer than a tenth of a second.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_PRESSURE_H
#define PEAL_MESSAGING_PRESSURE_H

#include <stdbool.h>

struct worker;

bool pressure_is_high(const struct worker *worker);

/* Whether the worker must take on no more work; counts it as refused. */
bool pressure_refuses(struct worker *worker);

/* At the end of a turn. */
void pressure_relieve(struct worker *worker);

#endif

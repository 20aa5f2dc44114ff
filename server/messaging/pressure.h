/* pressure: enforces limits.memory_bytes for waiting data of all workers.
 * Beyond it, new work is refused, and the connections with most waiting data
 * are closed, the largest of all workers first, until the limit holds. Each
 * worker publishes the size of its largest connection, and closes it if no
 * other worker has a larger one.
 *
 * Owner:   nothing; each worker counts in METRIC_WAITING_BYTES.
 * Thread:  the worker's; the counts of the others are read.
 * Limits:  a few connections are closed per turn. A silent worker is waited for
 *          at most a tenth of a second.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_PRESSURE_H
#define PEAL_MESSAGING_PRESSURE_H

#include <stdbool.h>

struct worker;

bool pressure_is_high(const struct worker *worker);

/* Whether the worker must refuse new work; counts the refusal. */
bool pressure_refuses(struct worker *worker);

/* Call at the end of a turn. */
void pressure_relieve(struct worker *worker);

#endif

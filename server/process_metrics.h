/* process_metrics: what /metrics says about the process itself.
 *
 * Owner:   nothing is owned.
 * Thread:  process_metrics_write from any.
 * Limits:  none.
 * Failure: what cannot be read is 0.
 */
#ifndef PEAL_PROCESS_METRICS_H
#define PEAL_PROCESS_METRICS_H

#include <stdint.h>

#include "base/buffer.h"

/* Prometheus' text format; `start_ms`: wall clock. */
void process_metrics_write(int64_t start_ms, uint64_t failed_upgrades,
                           struct buffer *out);

#endif

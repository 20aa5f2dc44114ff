/* process_metrics: metrics of the process.
 *
 * Owner:   nothing is owned.
 * Thread:  process_metrics_write from any.
 * Limits:  none.
 * Failure: unreadable values are 0.
 */
#ifndef PEAL_PROCESS_METRICS_H
#define PEAL_PROCESS_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* Times of the wall clock, in seconds. */
struct process_facts {
    uint64_t start;
    uint64_t failed_upgrades;
    bool is_reloaded; /* the last reload, if any, succeeded */
    uint64_t reload;  /* time of the last successful one, or of the start */
    int64_t certificate_expires; /* -1: no TLS */
    uint64_t connections_limit;
    uint64_t descriptors_limit;
};

/* Prometheus' text format. */
void process_metrics_write(const struct process_facts *facts,
                           struct buffer *out);

#endif

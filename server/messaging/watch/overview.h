/* overview: data for dashboards besides connections and channels.
 *
 * Owner:   the server; it outlives workers and bus.
 * Thread:  any.
 * Limits:  `viewers`, enforced by the protocol.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_OVERVIEW_H
#define PEAL_MESSAGING_OVERVIEW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

enum { INSTANCE_REPORT_MAX = 1024 };

struct overview {
    /* set once, before `is_serving` */
    /* Prometheus' text format. */
    void (*write_metrics)(void *arg, struct buffer *out);
    /* The report of this instance, a JSON object of up to INSTANCE_REPORT_MAX
     * bytes. */
    void (*write_report)(void *arg, struct buffer *out);
    void *arg;
    char name[320]; /* of this instance: host:port */
    /* any thread */
    _Atomic bool is_serving;  /* both functions may be called */
    _Atomic uint32_t viewers; /* open dashboards */
};

#endif

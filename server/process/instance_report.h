/* instance_report: the report of this instance for dashboards of all instances.
 *
 * Owner:   the caller owns the texts.
 * Thread:  any.
 * Limits:  INSTANCE_REPORT_MAX bytes.
 * Failure: none.
 */
#ifndef PEAL_INSTANCE_REPORT_H
#define PEAL_INSTANCE_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "net/net.h"

/* host:port, as shown to operators. */
void instance_report_name(uint32_t port, char *out, size_t size);

/* Name, version, age and load, as a JSON object. */
void instance_report_write(const struct net *net, const struct metrics *bus,
                           const char *name, int64_t start_ms,
                           struct buffer *out);

#endif

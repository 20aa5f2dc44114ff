/* instance_report: what this instance says of itself to the dashboards of all.
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

/* host:port, by which an operator knows it. */
void instance_report_name(uint32_t port, char *out, size_t size);

/* Its name, version, age, and what it does, as a JSON object. */
void instance_report_write(const struct net *net, const struct metrics *bus,
                           const char *name, int64_t start_ms,
                           struct buffer *out);

#endif

/* trace: the traceparent of a message (W3C Trace Context, level 1), which is
 * passed from the publisher to the log of each delivering instance.
 *
 * Owner:   the message has a copy.
 * Thread:  any.
 * Limits:  fixed length. Peal does not participate in the trace: it passes the
 *          traceparent on unchanged, except for the version, and drops
 *          tracestate.
 * Failure: an invalid traceparent is ignored, as the standard requires.
 */
#ifndef PEAL_MESSAGING_TRACE_H
#define PEAL_MESSAGING_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum { TRACE_LEN = 55 }; /* 00-<32 digits>-<16 digits>-<2 digits> */

/* The known part of the text's traceparent, as a view; empty if invalid. */
struct bytes trace_read(struct bytes text);

/* The same, from a raw JSON string. */
struct bytes trace_read_json(struct bytes raw);

/* The parts of a traceparent of TRACE_LEN bytes; views of it. */
struct bytes trace_id(const char *trace);
struct bytes trace_parent(const char *trace);

/* Whether the flag "sampled" is set: the publisher records this trace. */
bool trace_is_sampled(const char *trace);

#endif

/* trace: the traceparent that a message carries (W3C Trace Context, level 1),
 * from who published it to the log of each instance that delivers it.
 *
 * Owner:   the message has a copy.
 * Thread:  any.
 * Limits:  of one length. Peal takes no part in the trace: what came is passed
 *          on as it is, but for the version, and tracestate is not.
 * Failure: what is not a traceparent is ignored, as the standard wants it.
 */
#ifndef PEAL_MESSAGING_TRACE_H
#define PEAL_MESSAGING_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum { TRACE_LEN = 55 }; /* 00-<32 digits>-<16 digits>-<2 digits> */

/* The traceparent of that text, as far as this version knows it; empty where
 * it is none. A view of the text. */
struct bytes trace_read(struct bytes text);

/* The same out of a JSON string, with its quotes. */
struct bytes trace_read_json(struct bytes raw);

/* The parts of a traceparent of TRACE_LEN bytes; views of it. */
struct bytes trace_id(const char *trace);
struct bytes trace_parent(const char *trace);

/* Whether the flag "sampled" is set: the publisher records this trace. */
bool trace_is_sampled(const char *trace);

#endif

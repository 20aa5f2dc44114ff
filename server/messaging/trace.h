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

struct inbox;
struct message;

enum { TRACE_LEN = 55 }; /* 00-<32 digits>-<16 digits>-<2 digits> */

/* The traceparent of that text, as far as this version knows it; empty where
 * it is none. A view of the text. */
struct bytes trace_read(struct bytes text);

/* The same out of a JSON string, with its quotes. */
struct bytes trace_read_json(struct bytes raw);

/* Has the thread of that inbox write a line about the delivery to so many
 * connections, if whoever traces the message records it (its flag "sampled").
 * May be called under a lock. */
void trace_tell(struct message *message, struct inbox *inbox,
                uint32_t connections);

#endif

/* frame_transcript: what frame_reader makes of a stream, as text, however the
 * stream is cut.
 *
 * A line is an event; the pieces of a data frame are joined:
 *   text abc +        a frame whose message goes on
 *   binary \x00 .     a frame that ends its message
 *   ping abc          (pong as well)
 *   close 1000 bye
 *   bad 1002
 * A frame that is not whole has no end of line yet. Bytes of a payload that are
 * no visible ASCII are written as \xNN, as is the backslash.
 *
 * Owner:   the struct owns its buffers; frame_transcript_deinit frees them.
 * Thread:  one.
 * Limits:  none: memory grows with the stream.
 * Failure: ends the process when the reader breaks its contract.
 */
#ifndef FRAME_TRANSCRIPT_H
#define FRAME_TRANSCRIPT_H

#include "base/buffer.h"
#include "net/websocket/frame_reader.h"

/* A zeroed one is empty. */
struct frame_transcript {
    struct frame_reader reader;
    struct buffer text;
    struct buffer waiting; /* what the reader has not taken */
    uint64_t remaining;    /* as the last piece told */
    bool is_bad;           /* nothing is read after that */
};

void frame_transcript_deinit(struct frame_transcript *transcript);

/* Reads what arrives after what is waiting. */
void frame_transcript_feed(struct frame_transcript *transcript,
                           struct bytes arrived);

/* The same, `step` bytes at a time. */
void frame_transcript_feed_in_steps(struct frame_transcript *transcript,
                                    struct bytes arrived, size_t step);

#endif

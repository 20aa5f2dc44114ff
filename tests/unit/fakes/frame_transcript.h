/* frame_transcript: the events of frame_reader for a stream, as text,
 * regardless of how the stream is split.
 *
 * A line is an event; the pieces of a data frame are joined:
 *   text abc +        a frame whose message goes on
 *   binary \x00 .     a frame that ends its message
 *   ping abc          (pong as well)
 *   close 1000 bye
 *   bad 1002
 * The line of an incomplete frame has no end yet. Payload bytes other than
 * visible ASCII are written as \xNN, as is the backslash.
 *
 * Owner:   the struct owns its buffers; frame_transcript_deinit frees them.
 * Thread:  one.
 * Limits:  none: memory grows with the stream.
 * Failure: ends the process if the reader breaks its contract.
 */
#ifndef FRAME_TRANSCRIPT_H
#define FRAME_TRANSCRIPT_H

#include "base/buffer.h"
#include "net/websocket/frame_reader.h"

/* A zeroed struct is empty. */
struct frame_transcript {
    struct frame_reader reader;
    struct buffer text;
    struct buffer waiting; /* bytes not taken by the reader */
    uint64_t remaining;    /* as reported by the last piece */
    bool is_bad;           /* no more is read */
};

void frame_transcript_deinit(struct frame_transcript *transcript);

/* Appends bytes to the unread ones and reads. */
void frame_transcript_feed(struct frame_transcript *transcript,
                           struct bytes arrived);

/* The same, `step` bytes at a time. */
void frame_transcript_feed_in_steps(struct frame_transcript *transcript,
                                    struct bytes arrived, size_t step);

#endif

/* Frames must be read the same however their bytes arrive. The first byte of an
 * input selects how the rest is split. */
#include "base/memory.h"
#include "fakes/frame_transcript.h"
#include "fuzz.h"

/* Pieces of varying lengths, so that every part of a frame is split. */
static void feed_in_pieces(struct frame_transcript *transcript,
                           struct bytes stream, uint8_t how)
{
    size_t step = how & 15u;
    while (stream.len) {
        size_t len = 1 + step % 16;
        len = len < stream.len ? len : stream.len;
        frame_transcript_feed(transcript, (struct bytes){stream.data, len});
        stream = bytes_skip(stream, len);
        step += how >> 4;
    }
}

static void compare(const struct frame_transcript *whole,
                    struct frame_transcript *cut)
{
    PANIC_IF(
        !bytes_equal(buffer_bytes(&whole->text), buffer_bytes(&cut->text)));
    PANIC_IF(whole->remaining != cut->remaining);
    PANIC_IF(whole->is_bad != cut->is_bad);
    PANIC_IF(whole->reader.is_over != cut->reader.is_over);
    PANIC_IF(whole->reader.opcode != cut->reader.opcode);
    frame_transcript_deinit(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct bytes stream = {(const char *)data + 1, size - 1};
    struct frame_transcript whole = {0};
    struct frame_transcript bytewise = {0};
    struct frame_transcript pieces = {0};
    frame_transcript_feed(&whole, stream);
    frame_transcript_feed_in_steps(&bytewise, stream, 1);
    compare(&whole, &bytewise);
    feed_in_pieces(&pieces, stream, data[0]);
    compare(&whole, &pieces);
    frame_transcript_deinit(&whole);
    return 0;
}

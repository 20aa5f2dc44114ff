#include "fakes/frame_transcript.h"

#include <stdlib.h>

#include "base/memory.h"

void frame_transcript_deinit(struct frame_transcript *transcript)
{
    buffer_deinit(&transcript->text);
    buffer_deinit(&transcript->waiting);
}

static void write_payload(struct buffer *text, struct bytes payload)
{
    static const char digits[] = "0123456789abcdef";
    char *at = buffer_reserve(text, payload.len * 4);
    char *start = at;
    for (size_t i = 0; i < payload.len; i++) {
        uint8_t byte = (uint8_t)payload.data[i];
        if (byte > ' ' && byte < 0x7f && byte != '\\') {
            *at++ = (char)byte;
            continue;
        }
        *at++ = '\\';
        *at++ = 'x';
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    text->len += (size_t)(at - start);
}

static void write_data(struct frame_transcript *transcript,
                       const struct frame_piece *piece)
{
    struct buffer *text = &transcript->text;
    if (!transcript->remaining)
        buffer_append_text(text, piece->is_binary ? "binary " : "text ");
    else
        PANIC_IF(piece->remaining + piece->payload.len !=
                 transcript->remaining);
    write_payload(text, piece->payload);
    transcript->remaining = piece->remaining;
    PANIC_IF(piece->is_last && piece->remaining);
    if (!piece->remaining)
        buffer_append_text(text, piece->is_last ? " .\n" : " +\n");
}

static void write_event(struct frame_transcript *transcript,
                        enum frame_event event, const struct frame_piece *piece)
{
    static const char *const names[] = {[FRAME_EVENT_PING] = "ping ",
                                        [FRAME_EVENT_PONG] = "pong ",
                                        [FRAME_EVENT_CLOSE] = "close ",
                                        [FRAME_EVENT_BAD] = "bad "};
    if (event == FRAME_EVENT_DATA) {
        write_data(transcript, piece);
        return;
    }
    buffer_append_text(&transcript->text, names[event]);
    if (piece->code)
        buffer_append_uint(&transcript->text, (uint64_t)piece->code);
    if (event == FRAME_EVENT_CLOSE)
        buffer_append_char(&transcript->text, ' ');
    write_payload(&transcript->text, piece->payload);
    buffer_append_char(&transcript->text, '\n');
    transcript->is_bad = event == FRAME_EVENT_BAD;
}

/* Returns the number of bytes taken. */
static size_t read_events(struct frame_transcript *transcript, char *data,
                          size_t len)
{
    size_t at = 0;
    while (!transcript->is_bad) {
        size_t taken;
        struct frame_piece piece;
        enum frame_event event = frame_reader_next(
            &transcript->reader, data + at, len - at, &taken, &piece);
        PANIC_IF(taken > len - at);
        PANIC_IF(!taken && event != FRAME_EVENT_MORE &&
                 event != FRAME_EVENT_BAD);
        if (event == FRAME_EVENT_MORE) {
            PANIC_IF(taken);
            break;
        }
        write_event(transcript, event, &piece);
        at += taken;
    }
    return at;
}

/* The bytes are read from a block that ends with them and is usually unaligned,
 * so that a sanitizer detects reading or unmasking beyond them. */
void frame_transcript_feed(struct frame_transcript *transcript,
                           struct bytes arrived)
{
    struct buffer *waiting = &transcript->waiting;
    if (transcript->is_bad || transcript->reader.is_over)
        return;
    size_t shift = arrived.len % 8;
    size_t len = waiting->len + arrived.len;
    char *block = memory_new(shift + len, 1);
    if (waiting->len)
        memcpy(block + shift, waiting->data, waiting->len);
    if (arrived.len)
        memcpy(block + shift + waiting->len, arrived.data, arrived.len);
    size_t taken = read_events(transcript, block + shift, len);
    buffer_clear(waiting);
    buffer_append(waiting, (struct bytes){block + shift + taken, len - taken});
    PANIC_IF(!transcript->is_bad && !transcript->reader.is_over &&
             waiting->len >= FRAME_HELD_MAX);
    free(block);
}

void frame_transcript_feed_in_steps(struct frame_transcript *transcript,
                                    struct bytes arrived, size_t step)
{
    while (arrived.len) {
        size_t len = step < arrived.len ? step : arrived.len;
        frame_transcript_feed(transcript, (struct bytes){arrived.data, len});
        arrived = bytes_skip(arrived, len);
    }
}

/* Prints the transcripts of frame_reader for streams. On stdin, each stream
 * follows its length (4 bytes, little-endian) and a byte with the number of
 * bytes that arrive at a time (0: all). The output for each is its transcript
 * (frame_transcript.h) and a line "=". */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "fakes/frame_transcript.h"

static bool read_exactly(void *out, size_t len)
{
    return fread(out, 1, len, stdin) == len;
}

static void read_stream(struct bytes stream, size_t step)
{
    struct frame_transcript transcript = {0};
    frame_transcript_feed_in_steps(&transcript, stream,
                                   step ? step : stream.len);
    struct bytes text = buffer_bytes(&transcript.text);
    if (text.len && text.data[text.len - 1] != '\n')
        buffer_append_char(&transcript.text, '\n');
    buffer_append_text(&transcript.text, "=\n");
    fputs(buffer_text(&transcript.text), stdout);
    frame_transcript_deinit(&transcript);
}

int main(void)
{
    uint8_t head[5];
    while (read_exactly(head, sizeof head)) {
        size_t len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
                     (size_t)head[3] << 24;
        char *data = memory_new(len, 1);
        if (!read_exactly(data, len))
            return EXIT_FAILURE;
        read_stream((struct bytes){data, len}, head[4]);
        free(data);
    }
    return EXIT_SUCCESS;
}

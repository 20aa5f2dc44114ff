/* The wrapping is built once; later only the stamp's bytes change. */
#include "bench_script.h"

#include <stdlib.h>
#include <string.h>

#include "bench_options.h"
#include "bench_text.h"

/* The stamped payload, padded with letters to the requested size. */
static char *make_payload(size_t len)
{
    static const struct bench_stamp none;
    char *payload = malloc(len + 1);

    if (!payload)
        return NULL;
    for (size_t i = 0; i < len; i++)
        payload[i] = (char)('a' + i % 26);
    bench_stamp_write(&none, (unsigned char *)payload);
    payload[len] = '\0';
    return payload;
}

bool bench_script_init(struct bench_script *self,
                       const struct bench_options *options, uint32_t number,
                       uint32_t room_number)
{
    char *payload = make_payload((size_t)options->payload);
    struct bench_blanks blanks = {number, room_number, payload, NULL};
    size_t room = (size_t)options->payload + strlen(options->wrap) + 64;
    char *text = malloc(room);
    struct bench_stamp stamp;

    bool made = payload && text &&
                bench_text_expand(options->wrap, &blanks, text, room);
    free(payload);
    self->text = (unsigned char *)text;
    self->len = made ? strlen(text) : 0;
    return made &&
           bench_stamp_find(self->text, self->len, &self->stamp_at, &stamp);
}

void bench_script_deinit(struct bench_script *self)
{
    free(self->text);
    self->text = NULL;
}

void bench_script_stamp(struct bench_script *self,
                        const struct bench_stamp *stamp)
{
    bench_stamp_write(stamp, self->text + self->stamp_at);
}

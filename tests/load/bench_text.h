/* bench_text: templates: %d connection, %r room, %s payload, %a signature, %% a
 * percent sign.
 *
 * Owner:   written into the caller's buffer, NUL-terminated.
 * Thread:  any; no state.
 * Limits:  the buffer's size.
 * Failure: false if it does not fit; the buffer is then undefined.
 */
#ifndef PEAL_BENCH_TEXT_H
#define PEAL_BENCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The values of the letters; NULL: %s or %a is kept. */
struct bench_blanks {
    uint32_t number;
    uint32_t room;
    const char *payload;
    const char *auth;
};

/* Writes `model` with its letters replaced. */
bool bench_text_expand(const char *model, const struct bench_blanks *blanks,
                       char *out, size_t room);

#endif

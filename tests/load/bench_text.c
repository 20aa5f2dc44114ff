/* Only five letters are replaced; any other percent sign is kept, because URLs
 * contain many. */
#include "bench_text.h"

#include <stdio.h>
#include <string.h>

/* The replacement of one letter, or NULL for other letters. */
static const char *blank_of(char letter, const struct bench_blanks *blanks,
                            char digits[12])
{
    switch (letter) {
    case 'd':
        snprintf(digits, 12, "%u", blanks->number);
        return digits;
    case 'r':
        snprintf(digits, 12, "%u", blanks->room);
        return digits;
    case 's':
        return blanks->payload;
    case 'a':
        return blanks->auth;
    case '%':
        return "%";
    default:
        return NULL;
    }
}

bool bench_text_expand(const char *model, const struct bench_blanks *blanks,
                       char *out, size_t room)
{
    size_t at = 0;
    char digits[12];

    while (*model) {
        const char *piece = NULL;
        size_t len = 1;
        if (*model == '%')
            piece = blank_of(model[1], blanks, digits);
        if (piece)
            len = strlen(piece);
        if (at + len >= room)
            return false;
        memcpy(out + at, piece ? piece : model, len);
        at += len;
        model += piece ? 2 : 1;
    }
    out[at] = '\0';
    return true;
}

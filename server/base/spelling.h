/* spelling: suggests the known name closest to a mistyped one.
 *
 * Owner:   the caller, on its stack; offered names are copied.
 * Thread:  one at a time.
 * Limits:  names are compared up to SPELLING_MAX bytes.
 * Failure: none: spelling_best returns NULL if no name is close.
 */
#ifndef PEAL_SPELLING_H
#define PEAL_SPELLING_H

#include <stddef.h>

#include "base/error.h"

enum { SPELLING_MAX = 64 };

/* Start with {.wanted = name}; the name is borrowed. */
struct spelling {
    const char *wanted;
    size_t distance;
    char best[SPELLING_MAX + 1];
};

/* The edit distance of `a` and `b`. Case is ignored; dot, dash and underscore
 * are equal. */
size_t spelling_distance(const char *a, const char *b);

/* Offers a candidate; the closest one is kept. */
void spelling_offer(struct spelling *spelling, const char *name);

/* The closest name, or NULL if none is close enough. */
const char *spelling_best(const struct spelling *spelling);

/* Sets an error: the name is an unknown `what`, with a suggestion, both
 * preceded by `prefix`. Returns false. */
bool spelling_refuse(const struct spelling *spelling, const char *prefix,
                     const char *what, struct error *error);

#endif

/* spelling: which known name a mistyped one was probably meant to be.
 *
 * Owner:   the caller, on its stack; offered names are copied.
 * Thread:  one at a time.
 * Limits:  names are compared up to SPELLING_MAX bytes.
 * Failure: none: spelling_best is NULL when no name is near.
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

/* How many letters must be added, removed or changed to get from `a` to `b`.
 * Case does not count, and a dot, a dash and an underscore are the same. */
size_t spelling_distance(const char *a, const char *b);

/* Proposes a name; the nearest one so far is kept. */
void spelling_offer(struct spelling *spelling, const char *name);

/* The nearest name, or NULL when none is near enough to be what was meant. */
const char *spelling_best(const struct spelling *spelling);

/* Says that the name is an unknown `what`, and which was probably meant, both
 * with `prefix` before them. Returns false. */
bool spelling_refuse(const struct spelling *spelling, const char *prefix,
                     const char *what, struct error *error);

#endif

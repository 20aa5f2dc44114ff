#include "base/spelling.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static char fold(char c)
{
    return c == '.' || c == '-' ? '_' : (char)tolower((unsigned char)c);
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Levenshtein distance. `row[j]` is the distance between the processed part of
 * `a` and the first j letters of `b`; only one row of the matrix is kept. */
size_t spelling_distance(const char *a, const char *b)
{
    size_t row[SPELLING_MAX + 1];
    size_t a_len = strnlen(a, SPELLING_MAX);
    size_t b_len = strnlen(b, SPELLING_MAX);
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = diagonal + (fold(a[i - 1]) != fold(b[j - 1]));
            diagonal = row[j];
            row[j] = least(row[j] + 1, row[j - 1] + 1, changed);
        }
    }
    return row[b_len];
}

void spelling_offer(struct spelling *spelling, const char *name)
{
    size_t distance = spelling_distance(spelling->wanted, name);
    if (spelling->best[0] && distance >= spelling->distance)
        return;
    spelling->distance = distance;
    snprintf(spelling->best, sizeof spelling->best, "%s", name);
}

const char *spelling_best(const struct spelling *spelling)
{
    /* at most one letter in three may differ */
    size_t allowed = 1 + strnlen(spelling->wanted, SPELLING_MAX) / 3;
    bool near = spelling->best[0] && spelling->distance <= allowed;
    return near ? spelling->best : NULL;
}

bool spelling_refuse(const struct spelling *spelling, const char *prefix,
                     const char *what, struct error *error)
{
    const char *best = spelling_best(spelling);
    if (!best)
        return error_set(error, "%s%.64s: unknown %s", prefix, spelling->wanted,
                         what);
    return error_set(error, "%s%.64s: unknown %s; did you mean %s%s?", prefix,
                     spelling->wanted, what, prefix, best);
}

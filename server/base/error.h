/* error: a failure reason as text for humans.
 *
 * Owner:   the caller, usually on its stack.
 * Thread:  one at a time.
 * Limits:  the text is cut at the size of the struct.
 * Failure: error_set cannot fail; it returns false so that a function may end
 *          with `return error_set(error, ...)`.
 */
#ifndef PEAL_BASE_ERROR_H
#define PEAL_BASE_ERROR_H

#include <stdbool.h>

struct error {
    char text[512];
};

/* Writes the text and returns false. */
__attribute__((format(printf, 2, 3))) bool error_set(struct error *error,
                                                     const char *format, ...);

#endif

/* memory: allocation that cannot fail, and panics for impossible states.
 *
 * Owner:   the caller owns returned memory; release it with free().
 * Thread:  any.
 * Limits:  callers must bound sizes that come from outside.
 * Failure: out of memory or a broken invariant ends the process with a message:
 *          a restart is better than an inconsistent server.
 */
#ifndef PEAL_BASE_MEMORY_H
#define PEAL_BASE_MEMORY_H

#include <stddef.h>

/* Zeroed memory for `count` elements of `size` bytes. */
void *memory_new(size_t count, size_t size);

/* Grows or shrinks `old` (may be NULL); new bytes are not zeroed. */
void *memory_resize(void *old, size_t count, size_t size);

/* The next size of a table that is full with `count` entries: twice that, or a
 * quarter more from 4096 on, so that big tables waste less memory. */
size_t memory_grown(size_t count);

/* An owned, zero-terminated copy of `len` bytes. */
char *memory_copy_text(const char *data, size_t len);

/* Aborts the process after printing location and reason to stderr. */
_Noreturn void memory_panic(const char *file, int line, const char *why);

/* Kept in release builds: a broken invariant is a bug in Peal, never caused by
 * a peer. */
#define PANIC_IF(condition)                                                    \
    do {                                                                       \
        if (__builtin_expect(!!(condition), 0))                                \
            memory_panic(__FILE__, __LINE__, #condition);                      \
    } while (0)

#endif

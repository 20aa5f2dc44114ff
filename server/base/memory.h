/* memory: allocation that cannot fail, and the end for impossible states.
 *
 * Owner:   the caller gets owned memory, to be given to free().
 * Thread:  any.
 * Limits:  the caller bounds every size that comes from outside first.
 * Failure: out of memory or a broken invariant ends the process with a
 *          message: a server that goes on half-built is worse than a restart.
 */
#ifndef PEAL_BASE_MEMORY_H
#define PEAL_BASE_MEMORY_H

#include <stddef.h>

/* Zeroed memory for `count` elements of `size` bytes. */
void *memory_new(size_t count, size_t size);

/* Grows or shrinks `old` (may be NULL); new bytes are not zeroed. */
void *memory_resize(void *old, size_t count, size_t size);

/* The next size of a table that is full with `count`: twice that, and from
 * 4096 on a quarter more, so that less of a big one stands empty. */
size_t memory_grown(size_t count);

/* An owned, zero-terminated copy of `len` bytes. */
char *memory_copy_text(const char *data, size_t len);

/* Ends the process: prints where and why to stderr and aborts. */
_Noreturn void memory_panic(const char *file, int line, const char *why);

/* Kept in release builds: a broken invariant is our bug, never the peer's. */
#define PANIC_IF(condition)                                                    \
    do {                                                                       \
        if (__builtin_expect(!!(condition), 0))                                \
            memory_panic(__FILE__, __LINE__, #condition);                      \
    } while (0)

#endif

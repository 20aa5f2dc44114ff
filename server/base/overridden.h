/* overridden: the function of a library behind one of the same name of ours.
 *
 * A program's own definition of an exported function is the one that counts,
 * and so a library's calls to itself can be seen and changed. `OVERRIDDEN(f)`,
 * in the file that defines such an `f`, declares the library's as `original_f`.
 *
 * Owner:   nothing is owned.
 * Thread:  any; it is found before main, so by one thread.
 * Limits:  calls that a library binds to itself are not seen. Ours must be
 *          exported, which tests/integration/test_overrides.py looks after.
 * Failure: where no library has it, the program does not start.
 */
#ifndef PEAL_BASE_OVERRIDDEN_H
#define PEAL_BASE_OVERRIDDEN_H

#include <dlfcn.h>

#include "base/memory.h"

#define OVERRIDDEN(function)                                                   \
    static __typeof__(function) *original_##function;                          \
    __attribute__((constructor)) static void find_##function(void)             \
    {                                                                          \
        original_##function =                                                  \
            (__typeof__(function) *)dlsym(RTLD_NEXT, #function);               \
        PANIC_IF(!original_##function);                                        \
    }

#endif

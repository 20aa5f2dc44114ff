/* fuzz: the function that every fuzz target defines.
 *
 * Owner:   the bytes belong to the caller.
 * Thread:  one.
 * Limits:  none.
 * Failure: a crash, or a report of a sanitizer.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif

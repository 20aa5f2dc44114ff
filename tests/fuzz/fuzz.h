/* fuzz: what every fuzz target defines.
 *
 * Owner:   the bytes are the caller's.
 * Thread:  one.
 * Limits:  none.
 * Failure: a crash, or a sanitizer's report.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif

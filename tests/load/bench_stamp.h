/* bench_stamp: a mark in every published text that identifies the run, the
 * publisher and the text, and contains its scheduled time.
 *
 * Owner:   nobody; reads and writes the caller's bytes.
 * Thread:  any; no state.
 * Limits:  BENCH_STAMP_LEN bytes of ASCII that JSON does not escape.
 * Failure: bench_stamp_find returns false if there is no stamp.
 */
#ifndef PEAL_BENCH_STAMP_H
#define PEAL_BENCH_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_STAMP_LEN = 41 }; /* ~, three fields of 8 hex digits, one of 16 */

struct bench_stamp {
    uint32_t run;      /* random, because two generators may share a channel */
    uint32_t stream;   /* the publisher's number */
    uint32_t sequence; /* increases by one with each text of a stream */
    uint64_t due;      /* ns, CLOCK_MONOTONIC: scheduled time of sending */
};

/* Writes BENCH_STAMP_LEN bytes at `out`. */
void bench_stamp_write(const struct bench_stamp *self, unsigned char *out);

/* Reads the stamp at `at`, with `len` bytes left. */
bool bench_stamp_read(const unsigned char *at, size_t len,
                      struct bench_stamp *out);

/* Finds the stamp in a text. `hint` is the position of the last one, and is
 * updated: servers wrap all texts alike, so a search is rarely needed. */
bool bench_stamp_find(const unsigned char *text, size_t len, size_t *hint,
                      struct bench_stamp *out);

#endif

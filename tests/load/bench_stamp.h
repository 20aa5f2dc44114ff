/* bench_stamp: the mark inside every published text: which run, which
 * publisher, which text, and when it was due.
 *
 * Owner:   nobody; it reads and writes bytes of the caller's.
 * Thread:  any; no state.
 * Limits:  BENCH_STAMP_LEN bytes, plain ASCII that JSON leaves as it is.
 * Failure: bench_stamp_find answers false where there is no stamp.
 */
#ifndef PEAL_BENCH_STAMP_H
#define PEAL_BENCH_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_STAMP_LEN = 41 }; /* ~, three of 8 hex digits, one of 16 */

struct bench_stamp {
    uint32_t run;      /* random: two generators may share a channel */
    uint32_t stream;   /* the publisher's number */
    uint32_t sequence; /* grows by one with each text of a stream */
    uint64_t due;      /* ns, CLOCK_MONOTONIC: when it should have left */
};

/* Writes BENCH_STAMP_LEN bytes at `out`. */
void bench_stamp_write(const struct bench_stamp *self, unsigned char *out);

/* Reads the stamp that begins at `at`, where `len` bytes are left. */
bool bench_stamp_read(const unsigned char *at, size_t len,
                      struct bench_stamp *out);

/* Finds the stamp in a text. `hint` is where the last one was, and is
 * updated: servers wrap each text alike, so the search is rarely needed. */
bool bench_stamp_find(const unsigned char *text, size_t len, size_t *hint,
                      struct bench_stamp *out);

#endif

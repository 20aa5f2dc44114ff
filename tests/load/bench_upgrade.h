/* bench_upgrade: the HTTP request that opens, and the answer to it.
 *
 * Owner:   nobody; bytes are the caller's.
 * Thread:  any; bench_key is made once by each worker.
 * Limits:  a request of 4 KB, an answer's header of 8 KB.
 * Failure: bench_upgrade_write answers 0 when it does not fit.
 */
#ifndef PEAL_BENCH_UPGRADE_H
#define PEAL_BENCH_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_options;
struct bench_target;

enum { BENCH_REQUEST_MAX = 4096, BENCH_ANSWER_MAX = 8192 };

/* A Sec-WebSocket-Key and the Sec-WebSocket-Accept that belongs to it. */
struct bench_key {
    char sent[32];
    char accept[32];
};

enum bench_answer {
    BENCH_ANSWER_PARTIAL, /* not all of the header has come */
    BENCH_ANSWER_OPEN,    /* 101, and the key was understood */
    BENCH_ANSWER_REFUSED, /* another status, or the wrong key */
};

/* A new key, made of a random number. */
void bench_key_init(struct bench_key *self, uint64_t random);

/* Writes the request of connection `number` and returns its length. */
size_t bench_upgrade_write(const struct bench_options *options,
                           const struct bench_target *target,
                           const struct bench_key *key, uint32_t number,
                           uint32_t room, char out[BENCH_REQUEST_MAX]);

/* Judges the answer; `header_len` and `status` are set unless PARTIAL. */
enum bench_answer bench_upgrade_judge(const char *data, size_t len,
                                      const struct bench_key *key,
                                      size_t *header_len, int *status);

#endif

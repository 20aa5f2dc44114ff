/* bench_upgrade: the opening handshake: the HTTP request and its response.
 *
 * Owner:   nobody; the bytes belong to the caller.
 * Thread:  any; each worker makes one bench_key.
 * Limits:  a request of 4 KB, a response header of 8 KB.
 * Failure: bench_upgrade_write returns 0 if it does not fit.
 */
#ifndef PEAL_BENCH_UPGRADE_H
#define PEAL_BENCH_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_options;
struct bench_target;

enum { BENCH_REQUEST_MAX = 4096, BENCH_ANSWER_MAX = 8192 };

/* A Sec-WebSocket-Key and its Sec-WebSocket-Accept. */
struct bench_key {
    char sent[32];
    char accept[32];
};

enum bench_answer {
    BENCH_ANSWER_PARTIAL, /* the header is incomplete */
    BENCH_ANSWER_OPEN,    /* 101 with the right accept value */
    BENCH_ANSWER_REFUSED, /* another status, or a wrong accept value */
};

/* Makes a key from a random number. */
void bench_key_init(struct bench_key *self, uint64_t random);

/* Writes the request of connection `number`; returns its length. */
size_t bench_upgrade_write(const struct bench_options *options,
                           const struct bench_target *target,
                           const struct bench_key *key, uint32_t number,
                           uint32_t room, char out[BENCH_REQUEST_MAX]);

/* Checks the response; sets `header_len` and `status` unless PARTIAL. */
enum bench_answer bench_upgrade_judge(const char *data, size_t len,
                                      const struct bench_key *key,
                                      size_t *header_len, int *status);

#endif

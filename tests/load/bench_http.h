/* bench_http: requests over a kept connection, and the answers to them.
 *
 * Owner:   bench_http_request's text is the caller's to free.
 * Thread:  any; no state.
 * Limits:  answers with Content-Length; a request's head of 4 KB.
 * Failure: NULL when a request cannot be made, BENCH_HTTP_BAD for an answer
 *          that cannot be read.
 */
#ifndef PEAL_BENCH_HTTP_H
#define PEAL_BENCH_HTTP_H

#include <stddef.h>
#include <stdint.h>

struct bench_options;
struct bench_target;

#define BENCH_HTTP_BAD SIZE_MAX

/* The request of connection `number`, head and body; prints why not. */
unsigned char *bench_http_request(const struct bench_options *options,
                                  const struct bench_target *target,
                                  uint32_t number, size_t *len);

/* The length of the answer at the front; 0 when it is not all there. */
size_t bench_http_take(const unsigned char *at, size_t have, int *status);

#endif

/* bench_http: requests over a kept-alive connection, and their responses.
 *
 * Owner:   bench_http_request's text is the caller's to free.
 * Thread:  any; no state.
 * Limits:  responses with Content-Length; a request head of 4 KB.
 * Failure: NULL if a request cannot be made, BENCH_HTTP_BAD for an invalid
 *          response.
 */
#ifndef PEAL_BENCH_HTTP_H
#define PEAL_BENCH_HTTP_H

#include <stddef.h>
#include <stdint.h>

struct bench_options;
struct bench_target;

#define BENCH_HTTP_BAD SIZE_MAX

/* The request of connection `number`, head and body; prints the reason on
 * failure. */
unsigned char *bench_http_request(const struct bench_options *options,
                                  const struct bench_target *target,
                                  uint32_t number, size_t *len);

/* The length of the first response; 0 if it is incomplete. */
size_t bench_http_take(const unsigned char *at, size_t have, int *status);

#endif

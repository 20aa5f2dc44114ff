/* bench_tls: wss:// with OpenSSL, used only here.
 *
 * Owner:   a context for the run, one bench_tls for each link.
 * Thread:  the context is shared read-only; a bench_tls is its worker's.
 * Limits:  certificates are not verified: the target is a test server on
 *          this machine.
 * Failure: BENCH_TLS_FAILED; the link is then unusable.
 */
#ifndef PEAL_BENCH_TLS_H
#define PEAL_BENCH_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct bench_tls;
struct bench_tls_context;

enum { BENCH_TLS_AGAIN = -1, BENCH_TLS_FAILED = -2 };

/* With a client certificate unless `cert` is empty (PEM; `key` may be the same
 * file). On failure, prints a message and returns NULL. */
struct bench_tls_context *bench_tls_context_new(const char *cert,
                                                const char *key);

/* Call after its last bench_tls is freed. */
void bench_tls_context_free(struct bench_tls_context *self);

/* The reason why the last call of this thread failed. */
const char *bench_tls_trouble(void);

/* True once a server has requested a client certificate and got none. */
bool bench_tls_lacks_certificate(void);

/* Uses `fd` without owning it. */
struct bench_tls *bench_tls_new(struct bench_tls_context *context, int fd);

/* Sends no close_notify; the socket is closed next. */
void bench_tls_free(struct bench_tls *self);

/* 1 if the handshake is complete, otherwise AGAIN or FAILED. */
int bench_tls_handshake(struct bench_tls *self);

/* Like recv: bytes, 0 at the end, AGAIN or FAILED. */
ssize_t bench_tls_read(struct bench_tls *self, void *out, size_t room);

/* May write only a part; send the rest again. */
ssize_t bench_tls_write(struct bench_tls *self, const void *data, size_t len);

#endif

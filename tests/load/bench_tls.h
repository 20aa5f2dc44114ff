/* bench_tls: wss:// through OpenSSL; the only file that knows it.
 *
 * Owner:   a context for the run, one bench_tls for each link.
 * Thread:  the context is shared read-only; a bench_tls is its worker's.
 * Limits:  certificates are not checked: the target is under test, and is
 *          this machine.
 * Failure: BENCH_TLS_FAILED; the link is then of no more use.
 */
#ifndef PEAL_BENCH_TLS_H
#define PEAL_BENCH_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct bench_tls;
struct bench_tls_context;

enum { BENCH_TLS_AGAIN = -1, BENCH_TLS_FAILED = -2 };

/* With a client certificate where `cert` is not empty (PEM; `key` may be the
 * same file). NULL, and a message, when that cannot be read. */
struct bench_tls_context *bench_tls_context_new(const char *cert,
                                                const char *key);

/* After the last bench_tls of it is freed. */
void bench_tls_context_free(struct bench_tls_context *self);

/* Why the last call of this thread failed. */
const char *bench_tls_trouble(void);

/* True once a server has asked for a client certificate and got none. */
bool bench_tls_lacks_certificate(void);

/* Takes over the bytes of `fd`, but does not own it. */
struct bench_tls *bench_tls_new(struct bench_tls_context *context, int fd);

/* Says no goodbye: the socket is closed next. */
void bench_tls_free(struct bench_tls *self);

/* 1 when the handshake is done, else AGAIN or FAILED. */
int bench_tls_handshake(struct bench_tls *self);

/* Like recv: bytes, 0 at the end, AGAIN or FAILED. */
ssize_t bench_tls_read(struct bench_tls *self, void *out, size_t room);

/* Part of it may be written; the rest is to be offered again. */
ssize_t bench_tls_write(struct bench_tls *self, const void *data, size_t len);

#endif

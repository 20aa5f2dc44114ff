/* OpenSSL with the manners of send and recv: every answer is a number of
 * bytes, the end, again, or failed. */
#include "bench_tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/* Casts instead of wrappers: the two structs are OpenSSL's own by another
 * name, so that its header stays out of ours. */
static SSL *ssl_of(struct bench_tls *self)
{
    return (SSL *)self;
}

struct bench_tls_context *bench_tls_context_new(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (!context)
        return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS |
                                  SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return (struct bench_tls_context *)context;
}

void bench_tls_context_free(struct bench_tls_context *self)
{
    SSL_CTX_free((SSL_CTX *)self);
}

struct bench_tls *bench_tls_new(struct bench_tls_context *context, int fd)
{
    SSL *ssl = SSL_new((SSL_CTX *)context);

    if (!ssl)
        return NULL;
    SSL_set_fd(ssl, fd);
    SSL_set_connect_state(ssl);
    return (struct bench_tls *)ssl;
}

void bench_tls_free(struct bench_tls *self)
{
    SSL_free(ssl_of(self));
}

static int judge(struct bench_tls *self, int result)
{
    switch (SSL_get_error(ssl_of(self), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return BENCH_TLS_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        return BENCH_TLS_FAILED;
    }
}

int bench_tls_handshake(struct bench_tls *self)
{
    ERR_clear_error();
    int result = SSL_do_handshake(ssl_of(self));
    if (result == 1)
        return 1;
    int verdict = judge(self, result);
    return verdict == 0 ? BENCH_TLS_FAILED : verdict;
}

static int limit(size_t len)
{
    return len > INT_MAX ? INT_MAX : (int)len;
}

ssize_t bench_tls_read(struct bench_tls *self, void *out, size_t room)
{
    ERR_clear_error();
    int result = SSL_read(ssl_of(self), out, limit(room));
    return result > 0 ? result : judge(self, result);
}

ssize_t bench_tls_write(struct bench_tls *self, const void *data, size_t len)
{
    ERR_clear_error();
    int result = SSL_write(ssl_of(self), data, limit(len));
    return result > 0 ? result : judge(self, result);
}

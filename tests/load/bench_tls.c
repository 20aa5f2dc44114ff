/* OpenSSL with the interface of send and recv: every result is a byte count,
 * the end, again, or failed. */
#include "bench_tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Casts instead of wrapper structs: these two types are OpenSSL's own, so that
 * its header is not needed in ours. */
static SSL *ssl_of(struct bench_tls *self)
{
    return (SSL *)self;
}

static atomic_bool lacks_certificate;

bool bench_tls_lacks_certificate(void)
{
    return lacks_certificate;
}

/* Called only if no certificate was loaded. */
static int on_certificate_wanted(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
    (void)ssl;
    (void)cert;
    (void)key;
    lacks_certificate = true;
    return 0;
}

static bool load_certificate(SSL_CTX *context, const char *cert,
                             const char *key)
{
    if (!*cert)
        return true;
    if (SSL_CTX_use_certificate_chain_file(context, cert) == 1 &&
        SSL_CTX_use_PrivateKey_file(context, *key ? key : cert,
                                    SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_check_private_key(context) == 1)
        return true;
    fprintf(stderr, "peal-bench: client certificate %s: ", cert);
    ERR_print_errors_fp(stderr);
    return false;
}

struct bench_tls_context *bench_tls_context_new(const char *cert,
                                                const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (!context || !load_certificate(context, cert, key)) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_client_cert_cb(context, on_certificate_wanted);
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

/* The next call on any link clears the error queue. */
static _Thread_local char trouble[128];

const char *bench_tls_trouble(void)
{
    return trouble;
}

static void remember_trouble(int error)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    if (!reason)
        reason = error ? strerror(error) : "the server hung up";
    snprintf(trouble, sizeof trouble, "%s", reason);
}

static int judge(struct bench_tls *self, int result)
{
    int error = errno;

    switch (SSL_get_error(ssl_of(self), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return BENCH_TLS_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        remember_trouble(error);
        return BENCH_TLS_FAILED;
    }
}

static void start_call(void)
{
    ERR_clear_error();
    errno = 0;
}

int bench_tls_handshake(struct bench_tls *self)
{
    start_call();
    int result = SSL_do_handshake(ssl_of(self));
    if (result == 1)
        return 1;
    int verdict = judge(self, result);
    if (verdict)
        return verdict;
    remember_trouble(0);
    return BENCH_TLS_FAILED;
}

static int limit(size_t len)
{
    return len > INT_MAX ? INT_MAX : (int)len;
}

ssize_t bench_tls_read(struct bench_tls *self, void *out, size_t room)
{
    start_call();
    int result = SSL_read(ssl_of(self), out, limit(room));
    return result > 0 ? result : judge(self, result);
}

ssize_t bench_tls_write(struct bench_tls *self, const void *data, size_t len)
{
    start_call();
    int result = SSL_write(ssl_of(self), data, limit(len));
    return result > 0 ? result : judge(self, result);
}

#include "bus/redis/redis_tls.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/memory.h"

struct redis_tls {
    SSL_CTX *context;
};

static bool refuse(const char *key, const char *file, const char *expected,
                   struct error *error)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    error_set(error, "%s: %.200s: expected %s (%s)", key, file, expected,
              reason ? reason : "unknown error");
    ERR_clear_error();
    return false;
}

static bool load_ca(SSL_CTX *context, const char *file, struct error *error)
{
    int loaded = file ? SSL_CTX_load_verify_file(context, file)
                      : SSL_CTX_set_default_verify_paths(context);
    return loaded == 1 ||
           refuse("redis.tls_ca", file ? file : "the system's certificates",
                  "PEM certificates of CAs", error);
}

/* There is no user to prompt. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out, (void)size, (void)writing, (void)arg;
    return -1;
}

static bool load_pair(SSL_CTX *context, const struct redis_options *options,
                      struct error *error)
{
    if (!options->tls_cert)
        return true;
    if (SSL_CTX_use_certificate_chain_file(context, options->tls_cert) != 1)
        return refuse("redis.tls_cert", options->tls_cert,
                      "a PEM certificate followed by its chain", error);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    return (SSL_CTX_use_PrivateKey_file(context, options->tls_key,
                                        SSL_FILETYPE_PEM) == 1 &&
            SSL_CTX_check_private_key(context) == 1) ||
           refuse(
               "redis.tls_key", options->tls_key,
               "the PEM private key for redis.tls_cert, without a passphrase",
               error);
}

struct redis_tls *redis_tls_new(const struct redis_options *options,
                                struct error *error)
{
    struct redis_tls *tls = memory_new(1, sizeof *tls);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    PANIC_IF(!context);
    tls->context = context;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    /* replies contain their length, so truncation is detected anyway */
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* the buffer may grow, and thus move, between two attempts */
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_ENABLE_PARTIAL_WRITE);
    if (load_ca(context, options->tls_ca, error) &&
        load_pair(context, options, error))
        return tls;
    redis_tls_free(tls);
    return NULL;
}

void redis_tls_free(struct redis_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

/* Sets the name that the certificate must match. */
static void name_host(SSL *ssl, const char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host))
        return;
    PANIC_IF(!SSL_set1_host(ssl, host));
    SSL_set_tlsext_host_name(ssl, host);
}

/* Also clears OpenSSL's error queue, because SSL_get_error uses it. */
void redis_tls_explain(const struct ssl_st *ssl, const char *fallback,
                       struct error *why)
{
    long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    const char *reason =
        ssl ? ERR_reason_error_string(ERR_peek_last_error()) : NULL;
    if (verified != X509_V_OK)
        error_set(why, "certificate verification failed: %s",
                  X509_verify_cert_error_string(verified));
    else if (reason)
        error_set(why, "TLS: %s", reason);
    else
        error_set(why, "%s", fallback);
    ERR_clear_error();
}

struct ssl_st *redis_tls_begin(const struct redis_tls *tls, int fd,
                               const char *host)
{
    SSL *ssl = SSL_new(tls->context);
    PANIC_IF(!ssl || !SSL_set_fd(ssl, fd));
    name_host(ssl, host);
    SSL_set_connect_state(ssl);
    return ssl;
}

void redis_tls_end(struct ssl_st *ssl)
{
    SSL_free(ssl);
}

/* 0 if it can continue later. */
static ssize_t judge(struct ssl_st *ssl, int result)
{
    int code = SSL_get_error(ssl, result);
    if (result <= 0 && code == SSL_ERROR_ZERO_RETURN)
        errno = 0;
    return result > 0 ? result
           : code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE ? 0
                                                                         : -1;
}

ssize_t redis_tls_read(struct ssl_st *ssl, char *data, size_t size)
{
    ERR_clear_error();
    errno = 0;
    return judge(ssl, SSL_read(ssl, data, (int)size));
}

ssize_t redis_tls_write(struct ssl_st *ssl, const char *data, size_t len)
{
    ERR_clear_error();
    errno = 0;
    return judge(ssl, SSL_write(ssl, data, len < INT_MAX ? (int)len : INT_MAX));
}

enum redis_tls_step redis_tls_shake(struct ssl_st *ssl)
{
    ERR_clear_error();
    int done = SSL_do_handshake(ssl);
    if (done == 1)
        return REDIS_TLS_DONE;
    switch (SSL_get_error(ssl, done)) {
    case SSL_ERROR_WANT_READ:
        return REDIS_TLS_READS;
    case SSL_ERROR_WANT_WRITE:
        return REDIS_TLS_WRITES;
    default:
        return REDIS_TLS_FAILED;
    }
}

#include "bus/redis_tls.h"

#ifdef PEAL_REDIS_TLS

#include <stdlib.h>

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/memory.h"

struct redis_tls {
    SSL_CTX *context;
    const char *host;
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
           refuse("redis.tls_ca", file ? file : "the system's",
                  "PEM certificates of CAs", error);
}

/* Nobody is there to ask for one. */
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
                      "a PEM certificate, and behind it those that signed it",
                      error);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    return (SSL_CTX_use_PrivateKey_file(context, options->tls_key,
                                        SSL_FILETYPE_PEM) == 1 &&
            SSL_CTX_check_private_key(context) == 1) ||
           refuse("redis.tls_key", options->tls_key,
                  "the PEM private key of redis.tls_cert's certificate, "
                  "without a passphrase",
                  error);
}

struct redis_tls *redis_tls_new(const struct redis_options *options,
                                const struct redis_url *url,
                                struct error *error)
{
    struct redis_tls *tls = memory_new(1, sizeof *tls);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    PANIC_IF(!context);
    tls->context = context;
    tls->host = url->host;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    /* each reply says how long it is: what is cut off is seen anyway */
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* hiredis may have grown, and so moved, its buffer between two tries */
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
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

/* What the certificate must say; hiredis would not look at it. */
static void name_host(SSL *ssl, const char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host))
        return;
    PANIC_IF(!SSL_set1_host(ssl, host));
    SSL_set_tlsext_host_name(ssl, host);
}

/* Empties OpenSSL's queue of errors too: SSL_get_error judges by it. */
void redis_tls_explain(const struct ssl_st *ssl,
                       const struct redisContext *context, struct error *why)
{
    long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
    const char *reason =
        ssl ? ERR_reason_error_string(ERR_peek_last_error()) : NULL;
    if (verified != X509_V_OK)
        error_set(why, "its certificate is refused: %s",
                  X509_verify_cert_error_string(verified));
    else if (reason)
        error_set(why, "TLS: %s", reason);
    else
        error_set(why, "%s",
                  context->err ? context->errstr
                               : "TLS: it hung up in the handshake");
    ERR_clear_error();
}

struct ssl_st *redis_tls_begin(const struct redis_tls *tls,
                               struct redisContext *context,
                               struct error *why)
{
    SSL *ssl = SSL_new(tls->context);
    PANIC_IF(!ssl);
    name_host(ssl, tls->host);
    ERR_clear_error();
    if (redisInitiateSSL(context, ssl) == REDIS_OK)
        return ssl;
    redis_tls_explain(ssl, context, why);
    SSL_free(ssl);
    return NULL;
}

enum redis_tls_step redis_tls_shake(struct ssl_st *ssl)
{
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

#else

#include <stddef.h>

#include <hiredis/hiredis.h>

struct redis_tls *redis_tls_new(const struct redis_options *options,
                                const struct redis_url *url,
                                struct error *error)
{
    (void)options, (void)url;
    error_set(error, "redis.url: this build's hiredis has no TLS; "
                     "use redis:// or unix://");
    return NULL;
}

void redis_tls_free(struct redis_tls *tls)
{
    (void)tls;
}

struct ssl_st *redis_tls_begin(const struct redis_tls *tls,
                               struct redisContext *context,
                               struct error *why)
{
    (void)tls;
    redis_tls_explain(NULL, context, why);
    return NULL;
}

enum redis_tls_step redis_tls_shake(struct ssl_st *ssl)
{
    (void)ssl;
    return REDIS_TLS_FAILED;
}

void redis_tls_explain(const struct ssl_st *ssl,
                       const struct redisContext *context, struct error *why)
{
    (void)ssl;
    error_set(why, "%s", context->errstr);
}

#endif

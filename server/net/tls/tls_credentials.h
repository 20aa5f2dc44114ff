/* tls_credentials: a certificate chain, its key, and the CAs of client
 * certificates, read from files into an immutable OpenSSL context.
 *
 * Owner:   the caller has one reference; OpenSSL counts them.
 * Thread:  any: the context is only read.
 * Limits:  keys and signatures of OpenSSL's security level 2 (112 bits).
 * Failure: NULL; the error names the config key, the file, and what was
 *          expected.
 */
#ifndef PEAL_NET_TLS_CREDENTIALS_H
#define PEAL_NET_TLS_CREDENTIALS_H

#include <openssl/ssl.h>

#include "base/error.h"
#include "net/tls/tls_options.h"

/* The settings of every context: TLS 1.2 and 1.3, forward secrecy, AEAD
 * ciphers, tickets instead of a cache. */
void tls_credentials_shape(SSL_CTX *context);

SSL_CTX *tls_credentials_load(const struct tls_options *options,
                              struct error *error);

/* Whether the certificate is currently valid. */
bool tls_credentials_are_valid(const SSL_CTX *context);

/* When it expires, in seconds since 1970. */
int64_t tls_credentials_expire(const SSL_CTX *context);

/* Logs certificates that are expired, not yet valid, or about to expire. */
void tls_credentials_warn(const SSL_CTX *context, const char *file);

#endif

/* tls_credentials: a certificate chain, its key, and whom we trust to sign
 * clients, read from files into an OpenSSL context that never changes again.
 *
 * Owner:   the caller has one reference; OpenSSL counts them.
 * Thread:  any: what was loaded is only read.
 * Limits:  keys and signatures of OpenSSL's security level 2 (112 bits).
 * Failure: NULL; the error names the key of the config, the file, and what
 *          was expected.
 */
#ifndef PEAL_NET_TLS_CREDENTIALS_H
#define PEAL_NET_TLS_CREDENTIALS_H

#include <openssl/ssl.h>

#include "base/error.h"
#include "net/tls/tls_options.h"

/* What every context of ours has: TLS 1.2 and 1.3, forward secrecy, AEAD
 * ciphers, tickets in place of a cache. */
void tls_credentials_shape(SSL_CTX *context);

SSL_CTX *tls_credentials_load(const struct tls_options *options,
                              struct error *error);

/* Whether the certificate's time has come and not gone. */
bool tls_credentials_are_valid(const SSL_CTX *context);

/* When its time is over, in seconds since 1970. */
int64_t tls_credentials_expire(const SSL_CTX *context);

/* Logs certificates that are no longer, not yet, or not for long valid. */
void tls_credentials_warn(const SSL_CTX *context, const char *file);

#endif

/* tls_options: the config section `tls`, as plain data.
 *
 * Owner:   the config owns the texts; others borrow.
 * Thread:  immutable.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_NET_TLS_OPTIONS_H
#define PEAL_NET_TLS_OPTIONS_H

#include <stdbool.h>

/* Requirements for clients if client_ca is set. */
enum tls_client_certificate {
    TLS_CLIENT_REQUIRED, /* without one the handshake fails */
    TLS_CLIENT_OPTIONAL  /* without one a token is needed */
};

struct tls_options {
    char *cert;      /* PEM file: our certificate and its chain; NULL: no TLS */
    char *key;       /* PEM file: its private key */
    char *client_ca; /* PEM file: CAs of clients, or NULL */
    enum tls_client_certificate client_certificate;
    bool client_id_from_certificate; /* its subject's CN is the client id */
};

#endif

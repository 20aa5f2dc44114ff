/* tls_tickets: the keys of session tickets (RFC 5077, RFC 8446 section 4.6.1):
 * the current one seals, the previous one still opens. They never leave the
 * process.
 *
 * Owner:   the caller embeds it, and wipes it at the end.
 * Thread:  any; a lock is held while a key is copied.
 * Limits:  a ticket is valid for one to two rotations.
 * Failure: without randomness no ticket is issued.
 */
#ifndef PEAL_NET_TLS_TICKETS_H
#define PEAL_NET_TLS_TICKETS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

enum { TLS_TICKET_NAME_BYTES = 16, TLS_TICKET_HOURS = 12 };

struct tls_ticket_key {
    unsigned char name[TLS_TICKET_NAME_BYTES];
    unsigned char cipher[32]; /* AES-256-CBC */
    unsigned char mac[32];    /* HMAC-SHA256 */
};

struct tls_tickets {
    pthread_mutex_t lock;
    struct tls_ticket_key keys[2]; /* the one that seals, the older one */
    uint64_t rotated_ms;
};

void tls_tickets_init(struct tls_tickets *tickets);

void tls_tickets_deinit(struct tls_tickets *tickets);

/* Rotates the keys when due. */
void tls_tickets_rotate(struct tls_tickets *tickets, uint64_t now_ms);

/* For SSL_CTX_set_tlsext_ticket_key_evp_cb. */
int tls_tickets_seal(struct tls_tickets *tickets, unsigned char *name,
                     unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac);
int tls_tickets_open(struct tls_tickets *tickets, const unsigned char *name,
                     const unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac);

#endif

#include "net/tls/tls_tickets.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "base/memory.h"

static void make_key(struct tls_ticket_key *key)
{
    PANIC_IF(RAND_bytes((unsigned char *)key, sizeof *key) != 1);
}

void tls_tickets_init(struct tls_tickets *tickets)
{
    pthread_mutex_init(&tickets->lock, NULL);
    make_key(&tickets->keys[0]);
    make_key(&tickets->keys[1]);
    tickets->rotated_ms = clock_steady_ms();
}

void tls_tickets_deinit(struct tls_tickets *tickets)
{
    OPENSSL_cleanse(tickets->keys, sizeof tickets->keys);
    pthread_mutex_destroy(&tickets->lock);
}

void tls_tickets_rotate(struct tls_tickets *tickets, uint64_t now_ms)
{
    if (now_ms - tickets->rotated_ms < TLS_TICKET_HOURS * 3600000ull)
        return;
    pthread_mutex_lock(&tickets->lock);
    tickets->keys[1] = tickets->keys[0];
    make_key(&tickets->keys[0]);
    pthread_mutex_unlock(&tickets->lock);
    tickets->rotated_ms = now_ms;
}

/* A copy of the key with the name (NULL: the sealing one), and its index; -1 if
 * there is none. */
static int copy_key(struct tls_tickets *tickets, const unsigned char *name,
                    struct tls_ticket_key *key)
{
    int found = -1;
    pthread_mutex_lock(&tickets->lock);
    for (int i = 0; i < 2 && found < 0; i++)
        if (!name ||
            memcmp(tickets->keys[i].name, name, TLS_TICKET_NAME_BYTES) == 0)
            found = i;
    if (found >= 0)
        *key = tickets->keys[found];
    pthread_mutex_unlock(&tickets->lock);
    return found;
}

static bool set_mac(EVP_MAC_CTX *mac, struct tls_ticket_key *key)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac,
                                          sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                         (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

int tls_tickets_seal(struct tls_tickets *tickets, unsigned char *name,
                     unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac)
{
    struct tls_ticket_key key;
    copy_key(tickets, NULL, &key);
    memcpy(name, key.name, sizeof key.name);
    bool done = RAND_bytes(iv, EVP_MAX_IV_LENGTH) == 1 &&
                EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher,
                                   iv) == 1 &&
                set_mac(mac, &key);
    OPENSSL_cleanse(&key, sizeof key);
    return done ? 1 : -1;
}

int tls_tickets_open(struct tls_tickets *tickets, const unsigned char *name,
                     const unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac)
{
    enum { UNKNOWN = 0, GOOD = 1, GOOD_BUT_RENEW = 2, FAILED = -1 };
    struct tls_ticket_key key;
    int place = copy_key(tickets, name, &key);
    if (place < 0)
        return UNKNOWN;
    bool done =
        set_mac(mac, &key) && EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(),
                                                 NULL, key.cipher, iv) == 1;
    OPENSSL_cleanse(&key, sizeof key);
    if (!done)
        return FAILED;
    return place == 0 ? GOOD : GOOD_BUT_RENEW;
}

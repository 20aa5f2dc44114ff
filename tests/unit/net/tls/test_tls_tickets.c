#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/tls/tls_tickets.h"

enum { TEXT = 64 };

struct ticket {
    unsigned char name[TLS_TICKET_NAME_BYTES];
    unsigned char iv[EVP_MAX_IV_LENGTH];
    unsigned char sealed[TEXT + 32];
    unsigned char mac[32];
    int len;
};

static const unsigned char text[TEXT] = "what a session remembers";

static EVP_MAC_CTX *new_mac(void)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    return context;
}

static void sign(EVP_MAC_CTX *mac, const struct ticket *ticket,
                 unsigned char out[32])
{
    size_t len = 0;
    assert_int_equal(EVP_MAC_init(mac, NULL, 0, NULL), 1);
    assert_int_equal(EVP_MAC_update(mac, ticket->sealed, (size_t)ticket->len),
                     1);
    assert_int_equal(EVP_MAC_final(mac, out, &len, 32), 1);
    assert_int_equal(len, 32);
}

/* Like OpenSSL with the values prepared by the callback. */
static void seal(struct tls_tickets *tickets, struct ticket *ticket)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    EVP_MAC_CTX *mac = new_mac();
    int more = 0;
    assert_int_equal(
        tls_tickets_seal(tickets, ticket->name, ticket->iv, cipher, mac), 1);
    EVP_EncryptUpdate(cipher, ticket->sealed, &ticket->len, text, TEXT);
    EVP_EncryptFinal_ex(cipher, ticket->sealed + ticket->len, &more);
    ticket->len += more;
    sign(mac, ticket, ticket->mac);
    EVP_CIPHER_CTX_free(cipher);
    EVP_MAC_CTX_free(mac);
}

/* The callback's result; if it found a key, the text must be restored. */
static int open_ticket(struct tls_tickets *tickets, const struct ticket *ticket)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    EVP_MAC_CTX *mac = new_mac();
    unsigned char plain[TEXT + 32], print[32];
    int len = 0, more = 0;
    int found =
        tls_tickets_open(tickets, ticket->name, ticket->iv, cipher, mac);
    if (found > 0) {
        sign(mac, ticket, print);
        assert_memory_equal(print, ticket->mac, sizeof print);
        EVP_DecryptUpdate(cipher, plain, &len, ticket->sealed, ticket->len);
        assert_int_equal(EVP_DecryptFinal_ex(cipher, plain + len, &more), 1);
        assert_int_equal(len + more, TEXT);
        assert_memory_equal(plain, text, TEXT);
    }
    EVP_CIPHER_CTX_free(cipher);
    EVP_MAC_CTX_free(mac);
    return found;
}

static void a_ticket_survives_exactly_one_rotation(void **state)
{
    (void)state;
    const uint64_t period = TLS_TICKET_HOURS * 3600000ull;
    struct tls_tickets tickets;
    struct ticket ticket;
    tls_tickets_init(&tickets);
    uint64_t start = tickets.rotated_ms;
    seal(&tickets, &ticket);
    assert_int_equal(open_ticket(&tickets, &ticket), 1);
    tls_tickets_rotate(&tickets, start + period - 1);
    assert_int_equal(open_ticket(&tickets, &ticket), 1);
    tls_tickets_rotate(&tickets, start + period);
    assert_int_equal(open_ticket(&tickets, &ticket), 2); /* renew the ticket */
    tls_tickets_rotate(&tickets, start + 2 * period);
    assert_int_equal(open_ticket(&tickets, &ticket), 0);
    tls_tickets_deinit(&tickets);
}

static void another_process_cannot_open_it(void **state)
{
    (void)state;
    struct tls_tickets ours, theirs;
    struct ticket ticket;
    tls_tickets_init(&ours);
    tls_tickets_init(&theirs);
    seal(&ours, &ticket);
    assert_int_equal(open_ticket(&theirs, &ticket), 0);
    tls_tickets_deinit(&ours);
    tls_tickets_deinit(&theirs);
}

static void no_two_tickets_share_an_iv(void **state)
{
    (void)state;
    struct tls_tickets tickets;
    struct ticket one, other;
    tls_tickets_init(&tickets);
    seal(&tickets, &one);
    seal(&tickets, &other);
    assert_memory_not_equal(one.iv, other.iv, sizeof one.iv);
    tls_tickets_deinit(&tickets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_survives_exactly_one_rotation),
        cmocka_unit_test(another_process_cannot_open_it),
        cmocka_unit_test(no_two_tickets_share_an_iv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <linux/tls.h>
#include <openssl/evp.h>

#include "net/tls/record_sealer.h"

/* RFC 8448 section 3: the server's records and keys. */
static const unsigned char rfc_key[16] = {0x9f, 0x02, 0x28, 0x3b, 0x6c, 0x9c,
                                          0x07, 0xef, 0xc2, 0x6b, 0xb9, 0xf2,
                                          0xac, 0x92, 0xe3, 0x56};
static const unsigned char rfc_nonce[12] = {0xcf, 0x78, 0x2b, 0x88, 0xdd, 0x83,
                                            0x54, 0x9a, 0xad, 0xf1, 0xe9, 0x84};
/* its second record: fifty bytes, 0 to 49 */
static const unsigned char rfc_data[] = {
    0x17, 0x03, 0x03, 0x00, 0x43, 0x2e, 0x93, 0x7e, 0x11, 0xef, 0x4a, 0xc7,
    0x40, 0xe5, 0x38, 0xad, 0x36, 0x00, 0x5f, 0xc4, 0xa4, 0x69, 0x32, 0xfc,
    0x32, 0x25, 0xd0, 0x5f, 0x82, 0xaa, 0x1b, 0x36, 0xe3, 0x0e, 0xfa, 0xf9,
    0x7d, 0x90, 0xe6, 0xdf, 0xfc, 0x60, 0x2d, 0xcb, 0x50, 0x1a, 0x59, 0xa8,
    0xfc, 0xc4, 0x9c, 0x4b, 0xf2, 0xe5, 0xf0, 0xa2, 0x1c, 0x00, 0x47, 0xc2,
    0xab, 0xf3, 0x32, 0x54, 0x0d, 0xd0, 0x32, 0xe1, 0x67, 0xc2, 0x95, 0x5d};
/* its third: close_notify */
static const unsigned char rfc_alert[] = {
    0x17, 0x03, 0x03, 0x00, 0x13, 0xb5, 0x8f, 0xd6, 0x71, 0x66, 0xeb, 0xf5,
    0x99, 0xd2, 0x47, 0x20, 0xcf, 0xbe, 0x7e, 0xfa, 0x7a, 0x88, 0x64, 0xa9};

static struct record_sealer *rfc_sealer(unsigned char number)
{
    struct tls12_crypto_info_aes_gcm_128 keys = {
        .info = {TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128},
        .rec_seq = {[7] = number}};
    memcpy(keys.key, rfc_key, sizeof keys.key);
    memcpy(keys.salt, rfc_nonce, sizeof keys.salt);
    memcpy(keys.iv, rfc_nonce + sizeof keys.salt, sizeof keys.iv);
    return record_sealer_new(&keys.info);
}

static void test_records_match_the_rfc(void **state)
{
    (void)state;
    char data[50], out[50 + RECORD_OVERHEAD];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)i;
    struct record_sealer *sealer = rfc_sealer(1);
    size_t len = record_sealer_seal(sealer, RECORD_DATA,
                                    (struct bytes){data, sizeof data}, out);
    assert_int_equal(len, sizeof rfc_data);
    assert_memory_equal(out, rfc_data, len);
    len = record_sealer_seal(sealer, RECORD_ALERT,
                             (struct bytes){"\x01\x00", 2}, out);
    assert_int_equal(len, sizeof rfc_alert);
    assert_memory_equal(out, rfc_alert, len);
    record_sealer_free(sealer);
}

/* Opens a record like a peer: the type after the text, or -1. */
static int open_record(const EVP_CIPHER *cipher, const unsigned char *key,
                       unsigned char nonce[12], const char *record, size_t len,
                       unsigned char *text)
{
    const unsigned char *at = (const unsigned char *)record;
    int sealed = (int)len - RECORD_HEAD - 16, done, rest;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    EVP_DecryptInit_ex(context, cipher, NULL, key, nonce);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16,
                        (void *)(at + len - 16));
    EVP_DecryptUpdate(context, NULL, &done, at, RECORD_HEAD);
    EVP_DecryptUpdate(context, text, &done, at + RECORD_HEAD, sealed);
    bool is_good = EVP_DecryptFinal_ex(context, text + done, &rest) == 1;
    EVP_CIPHER_CTX_free(context);
    return is_good ? text[sealed - 1] : -1;
}

static void expect_opened(struct record_sealer *sealer,
                          const EVP_CIPHER *cipher, const unsigned char *key,
                          unsigned char nonce[12], size_t len)
{
    static char plain[RECORD_PLAIN_MAX], out[sizeof plain + RECORD_OVERHEAD];
    static unsigned char text[sizeof plain + 1];
    memset(plain, (int)len, len);
    size_t sealed = record_sealer_seal(sealer, RECORD_DATA,
                                       (struct bytes){plain, len}, out);
    assert_int_equal(sealed, len + RECORD_OVERHEAD);
    assert_int_equal(open_record(cipher, key, nonce, out, sealed, text),
                     RECORD_DATA);
    assert_memory_equal(text, plain, len);
}

static const size_t lengths[] = {0, 1, 15, 16, 17, 125, 4096, RECORD_PLAIN_MAX};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static void test_a_256_bit_key_and_a_sequence_number_with_carry(void **state)
{
    (void)state;
    struct tls12_crypto_info_aes_gcm_256 keys = {
        .info = {TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256},
        .rec_seq = {0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfc}};
    memset(keys.key, 7, sizeof keys.key);
    struct record_sealer *sealer = record_sealer_new(&keys.info);
    for (size_t i = 0; i < LENGTHS; i++) {
        uint64_t number = 0x1fffffffcULL + i;
        unsigned char nonce[12] = {0};
        for (int at = 11; number; at--, number >>= 8)
            nonce[at] = (unsigned char)number;
        expect_opened(sealer, EVP_aes_256_gcm(), keys.key, nonce, lengths[i]);
    }
    record_sealer_free(sealer);
}

static void test_chacha20(void **state)
{
    (void)state;
    struct tls12_crypto_info_chacha20_poly1305 keys = {
        .info = {TLS_1_3_VERSION, TLS_CIPHER_CHACHA20_POLY1305}};
    memset(keys.key, 9, sizeof keys.key);
    memset(keys.iv, 5, sizeof keys.iv);
    struct record_sealer *sealer = record_sealer_new(&keys.info);
    for (size_t i = 0; i < LENGTHS; i++) {
        unsigned char nonce[12];
        memset(nonce, 5, sizeof nonce);
        nonce[11] ^= (unsigned char)i;
        expect_opened(sealer, EVP_chacha20_poly1305(), keys.key, nonce,
                      lengths[i]);
    }
    record_sealer_free(sealer);
}

static void test_other_versions_and_ciphers_are_left_to_openssl(void **state)
{
    (void)state;
    struct tls_crypto_info old = {TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128};
    struct tls_crypto_info other = {TLS_1_3_VERSION, TLS_CIPHER_AES_CCM_128};
    assert_null(record_sealer_new(&old));
    assert_null(record_sealer_new(&other));
    record_sealer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_match_the_rfc),
        cmocka_unit_test(test_a_256_bit_key_and_a_sequence_number_with_carry),
        cmocka_unit_test(test_chacha20),
        cmocka_unit_test(test_other_versions_and_ciphers_are_left_to_openssl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

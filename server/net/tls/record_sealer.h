/* record_sealer: encrypts TLS 1.3 records (RFC 8446 section 5.2) with keys
 * negotiated by OpenSSL.
 *
 * OpenSSL offers these keys for kernel TLS. For short records it takes a third
 * of the time of SSL_write.
 *
 * Owner:   tls_socket.
 * Thread:  the reactor's.
 * Limits:  RECORD_PLAIN_MAX bytes per record. Record numbers have 64 bits.
 * Failure: NULL for an unsupported version or cipher: then OpenSSL encrypts.
 */
#ifndef PEAL_NET_RECORD_SEALER_H
#define PEAL_NET_RECORD_SEALER_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
    RECORD_ALERT = 21, /* maximum of a record: section 5.1 */
    RECORD_HANDSHAKE = 22,
    RECORD_DATA = 23,
    RECORD_PLAIN_MAX = 1 << 14,
    RECORD_HEAD = 5,
    RECORD_OVERHEAD = RECORD_HEAD + 1 + 16, /* with the type and the tag */
};

struct record_sealer;
struct tls_crypto_info; /* of <linux/tls.h>; the cipher's own struct follows */

struct record_sealer *record_sealer_new(const struct tls_crypto_info *keys);

/* NULL is ignored. The keys are erased. */
void record_sealer_free(struct record_sealer *sealer);

/* Writes the next record to `out`, which must have room for RECORD_OVERHEAD
 * bytes more than `plain`; returns its length. */
size_t record_sealer_seal(struct record_sealer *sealer, uint8_t type,
                          struct bytes plain, char *out);

#endif

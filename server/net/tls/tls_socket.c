#include "net/tls/tls_socket.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/memory.h"
#include "net/send_ring.h"
#include "net/tls/record_sealer.h"
#include "net/unsent.h"

/* Its BIO owns it. */
struct tls_socket {
    SSL *ssl;
    struct record_sealer *sealer; /* NULL: OpenSSL encrypts */
    struct socket *socket;        /* NULL before and after use */
    tls_socket_gather *gather;
    int fd;
    uint8_t type; /* of the next record to seal */
    bool is_gathering;
    bool is_at_end; /* of the peer's records */
    struct unsent unsent;
};

/* ---- records ------------------------------------------------------------- */

/* An earlier gathered send may have left unsent records. */
static void put_off(struct tls_socket *tls, struct bytes records)
{
    if (unsent_is_empty(&tls->unsent))
        tls->gather(tls->socket, records);
    else
        unsent_keep(&tls->unsent, records);
}

/* Accepts everything, because records that OpenSSL must retry would block its
 * reading. */
static bool send_records(struct tls_socket *tls, struct bytes records)
{
    if (!tls->is_gathering || records.len > SEND_RING_COPY_MAX)
        return unsent_send(&tls->unsent, tls->fd, records);
    put_off(tls, records);
    return true;
}

static bool seal(struct tls_socket *tls, uint8_t type, struct bytes plain)
{
    char record[RECORD_PLAIN_MAX + RECORD_OVERHEAD];
    do {
        struct bytes part = plain;
        if (part.len > RECORD_PLAIN_MAX)
            part.len = RECORD_PLAIN_MAX;
        size_t len = record_sealer_seal(tls->sealer, type, part, record);
        if (!send_records(tls, (struct bytes){record, len}))
            return false;
        plain = bytes_skip(plain, part.len);
    } while (plain.len);
    return true;
}

static void stop_sealing(struct tls_socket *tls)
{
    record_sealer_free(tls->sealer);
    tls->sealer = NULL;
}

/* ---- the BIO ------------------------------------------------------------- */

/* RFC 8446 section 4.6.3: records after a KeyUpdate use new keys. OpenSSL
 * passes them on again, or encrypts itself. */
static bool is_key_update(uint8_t type, struct bytes plain)
{
    enum { KEY_UPDATE = 24 };
    return type == RECORD_HANDSHAKE && plain.len && plain.data[0] == KEY_UPDATE;
}

/* OpenSSL's own messages are sealed here, too. */
static bool write_sealed(struct tls_socket *tls, struct bytes plain)
{
    uint8_t type = tls->type;
    tls->type = RECORD_DATA;
    bool is_alive = seal(tls, type, plain);
    if (is_key_update(type, plain))
        stop_sealing(tls);
    return is_alive;
}

static int on_write(BIO *bio, const char *data, int len)
{
    struct tls_socket *tls = BIO_get_data(bio);
    struct bytes bytes = {data, (size_t)len};
    BIO_clear_retry_flags(bio);
    bool is_alive =
        tls->sealer ? write_sealed(tls, bytes) : send_records(tls, bytes);
    return is_alive ? len : -1;
}

static int on_read(BIO *bio, char *data, int size)
{
    struct tls_socket *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t got = recv(tls->fd, data, (size_t)size, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    tls->is_at_end = got == 0;
    return (int)got;
}

/* Internal constants of OpenSSL (openssl/bio.h has them in a comment), with
 * which it passes keys to a BIO for kernel TLS. Without them, OpenSSL encrypts
 * itself. */
enum { OFFER_KEYS = 72, ASK_WHETHER_SEALING = 73, SET_TYPE = 74, RESET_TYPE };

static bool take_keys(struct tls_socket *tls, bool is_for_writing,
                      const struct tls_crypto_info *keys)
{
    if (!is_for_writing)
        return false;
    stop_sealing(tls);
    tls->sealer = record_sealer_new(keys);
    return tls->sealer != NULL;
}

/* libwebsockets queries OpenSSL for the descriptor to close. */
static int tell_fd(const struct tls_socket *tls, int *fd)
{
    if (fd)
        *fd = tls->fd;
    return tls->fd;
}

static long on_control(BIO *bio, int command, long number, void *pointer)
{
    struct tls_socket *tls = BIO_get_data(bio);
    switch (command) {
    case OFFER_KEYS:
        return take_keys(tls, number, pointer);
    case ASK_WHETHER_SEALING:
        return tls->sealer != NULL;
    case SET_TYPE:
    case RESET_TYPE:
        tls->type = command == SET_TYPE ? (uint8_t)number : RECORD_DATA;
        return 0;
    case BIO_C_GET_FD:
        return tell_fd(tls, pointer);
    case BIO_CTRL_EOF:
        return tls->is_at_end;
    default: /* nothing is buffered here */
        return command == BIO_CTRL_FLUSH;
    }
}

static int on_destroy(BIO *bio)
{
    struct tls_socket *tls = BIO_get_data(bio);
    if (tls) {
        unsent_deinit(&tls->unsent);
        stop_sealing(tls);
    }
    free(tls);
    return 1;
}

static BIO_METHOD *method;

static void make_method(void)
{
    int type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR;
    method = BIO_meth_new(type, "sealing socket");
    PANIC_IF(!method);
    BIO_meth_set_write(method, on_write);
    BIO_meth_set_read(method, on_read);
    BIO_meth_set_ctrl(method, on_control);
    BIO_meth_set_destroy(method, on_destroy);
}

void tls_socket_prepare(SSL *ssl)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    struct tls_socket *tls = memory_new(1, sizeof *tls);
    BIO *bio = BIO_new(method);
    PANIC_IF(!bio);
    tls->ssl = ssl;
    tls->type = RECORD_DATA;
    tls->fd = SSL_get_fd(ssl);
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_options(ssl, SSL_OP_ENABLE_KTLS);
}

struct tls_socket *tls_socket_attach(SSL *ssl, struct socket *socket,
                                     tls_socket_gather *gather)
{
    struct tls_socket *tls = BIO_get_data(SSL_get_wbio(ssl));
    tls->socket = socket;
    tls->gather = gather;
    SSL_set_read_ahead(ssl, 1); /* not before: libwebsockets would not check */
    return tls;
}

void tls_socket_detach(struct tls_socket *tls)
{
    tls_socket_end(tls);
    tls->socket = NULL;
}

/* ---- reading and writing ------------------------------------------------- */

bool tls_socket_has_more(const struct tls_socket *tls)
{
    return SSL_has_pending(tls->ssl);
}

ssize_t tls_socket_read(struct tls_socket *tls, char *data, size_t size)
{
    if (!tls_socket_has_more(tls))
        return 0;
    ERR_clear_error();
    int got = SSL_read(tls->ssl, data, (int)size);
    if (got > 0)
        return got;
    int error = SSL_get_error(tls->ssl, got);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0
                                                                         : -1;
}

/* Bypasses OpenSSL, unless it has pending messages. */
static bool can_seal(const struct tls_socket *tls)
{
    return tls->sealer &&
           SSL_get_key_update_type(tls->ssl) == SSL_KEY_UPDATE_NONE &&
           !(SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN);
}

bool tls_socket_write(struct tls_socket *tls, struct bytes bytes)
{
    if (can_seal(tls))
        return seal(tls, RECORD_DATA, bytes);
    if (SSL_write(tls->ssl, bytes.data, (int)bytes.len) > 0)
        return true;
    ERR_clear_error();
    return false;
}

bool tls_socket_write_later(struct tls_socket *tls, struct bytes bytes)
{
    tls->is_gathering = true;
    bool is_alive = tls_socket_write(tls, bytes);
    tls->is_gathering = false;
    return is_alive;
}

void tls_socket_keep(struct tls_socket *tls, struct bytes records)
{
    unsent_keep(&tls->unsent, records);
}

bool tls_socket_is_blocked(const struct tls_socket *tls)
{
    return !unsent_is_empty(&tls->unsent);
}

size_t tls_socket_unsent(const struct tls_socket *tls)
{
    return unsent_len(&tls->unsent);
}

bool tls_socket_flush(struct tls_socket *tls)
{
    return unsent_flush(&tls->unsent, tls->fd);
}

void tls_socket_end(struct tls_socket *tls)
{
    if (SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN)
        return; /* a second call would read */
    SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

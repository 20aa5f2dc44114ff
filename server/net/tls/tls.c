#include "net/tls/tls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/tls/tls_credentials.h"
#include "net/tls/tls_reload.h"
#include "net/tls/tls_socket.h"
#include "net/tls/tls_tickets.h"

struct tls {
    struct tls_options options; /* copied; the main thread's */
    struct tls_reload reload;
    struct tls_tickets tickets;
    SSL_CTX *client_context;
    _Atomic bool names_clients;
    pthread_mutex_t lock;
    SSL_CTX *current;        /* under the lock */
    _Atomic int64_t expires; /* of its certificate */
};

static __thread struct metrics *counted_in;

void tls_count_in(struct metrics *metrics)
{
    counted_in = metrics;
}

static void count(enum metric metric)
{
    if (counted_in)
        metrics_add(counted_in, metric, 1);
}

/* --- a handshake --------------------------------------------------------- */

static struct tls *tls_of(const SSL *ssl)
{
    return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static int on_hello(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    struct tls *tls = arg;
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *current = tls->current;
    SSL_CTX_up_ref(current);
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX *used = SSL_set_SSL_CTX(ssl, current);
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(current), NULL);
    SSL_CTX_free(current);
    tls_socket_prepare(ssl);
    return used ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

/* Only HTTP/1.1: with HTTP/2, libwebsockets would accept clients unchecked.
 * Clients that offer only others get an alert (RFC 7301 section 3.2). */
static int on_alpn(SSL *ssl, const unsigned char **chosen,
                   unsigned char *chosen_len, const unsigned char *offered,
                   unsigned offered_len, void *arg)
{
    (void)ssl, (void)arg;
    static const unsigned char ours[] = "\x08http/1.1";
    int found =
        SSL_select_next_proto((unsigned char **)chosen, chosen_len, ours,
                              sizeof ours - 1, offered, offered_len);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
                                           : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int sealing)
{
    struct tls_tickets *tickets = &tls_of(ssl)->tickets;
    return sealing ? tls_tickets_seal(tickets, name, iv, cipher, mac)
                   : tls_tickets_open(tickets, name, iv, cipher, mac);
}

/* Closing without data, like some health checks, is not a failure. */
static void note_failure(unsigned long error)
{
    if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return;
    const char *reason = ERR_reason_error_string(error);
    count(METRIC_TLS_FAILED);
    log_limited(LOG_INFO, 1, "TLS handshake failed",
                LOG_TEXT("reason", reason ? reason : "unknown"));
}

/* OpenSSL reports every step; only the end of a handshake matters, successful
 * or not. An end without an error only waits for the socket. */
static void on_step(const SSL *ssl, int where, int result)
{
    unsigned long error = ERR_peek_last_error();
    if (where & SSL_CB_HANDSHAKE_DONE) {
        count(METRIC_TLS_HANDSHAKES);
        if (SSL_session_reused(ssl))
            count(METRIC_TLS_RESUMED);
    } else if (where == SSL_CB_ACCEPT_EXIT && result <= 0 && error) {
        note_failure(error);
    }
}

void tls_attach(struct tls *tls, SSL_CTX *context)
{
    tls_credentials_shape(context);
    SSL_CTX_set_app_data(context, tls);
    SSL_CTX_set_client_hello_cb(context, on_hello, tls);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
    SSL_CTX_set_info_callback(context, on_step);
    /* libwebsockets' own would look for its context and abort without it */
    SSL_CTX_set_tlsext_servername_callback(context, NULL);
}

SSL_CTX *tls_client_context(struct tls *tls)
{
    return tls->client_context;
}

/* --- who is there -------------------------------------------------------- */

size_t tls_client_name(const SSL *ssl, char *out, size_t size)
{
    const X509 *cert = SSL_get0_peer_certificate(ssl);
    if (!cert || SSL_get_verify_result(ssl) != X509_V_OK)
        return 0;
    const X509_NAME *subject = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
        return 0;
    unsigned char *text = NULL;
    int len = ASN1_STRING_to_UTF8(
        &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    size_t used = len > 0 && (size_t)len <= size ? (size_t)len : 0;
    memcpy(out, text ? (char *)text : "", used);
    OPENSSL_free(text);
    return used;
}

bool tls_names_clients(const struct tls *tls)
{
    return tls && tls->names_clients;
}

/* --- credentials, and their files ---------------------------------------- */

static void clear_options(struct tls_options *options)
{
    free(options->cert);
    free(options->key);
    free(options->client_ca);
}

static char *copy(const char *text)
{
    return text ? memory_copy_text(text, strlen(text)) : NULL;
}

static void copy_options(struct tls *tls, const struct tls_options *options)
{
    struct tls_options copied = *options;
    copied.cert = copy(options->cert);
    copied.key = copy(options->key);
    copied.client_ca = copy(options->client_ca);
    clear_options(&tls->options);
    tls->options = copied;
    tls->names_clients =
        options->client_ca && options->client_id_from_certificate;
}

static void set_current(struct tls *tls, SSL_CTX *fresh)
{
    SSL_CTX_set_app_data(fresh, tls);
    SSL_CTX_set_alpn_select_cb(fresh, on_alpn, NULL);
    SSL_CTX_set_info_callback(fresh, on_step);
    tls->expires = tls_credentials_expire(fresh);
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->current;
    tls->current = fresh;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old);
}

bool tls_use(struct tls *tls, const struct tls_options *options,
             struct error *error)
{
    /* marked before reading: later changes are detected */
    struct tls_files files = tls_reload_look(options);
    SSL_CTX *fresh = tls_credentials_load(options, error);
    if (!fresh)
        return false;
    if (tls->current && tls_credentials_are_valid(tls->current) &&
        !tls_credentials_are_valid(fresh)) {
        SSL_CTX_free(fresh);
        return error_set(error,
                         "tls.cert: %.200s: expected a currently valid "
                         "certificate, because the one in use is valid",
                         options->cert);
    }
    tls_credentials_warn(fresh, options->cert);
    set_current(tls, fresh);
    if (options != &tls->options)
        copy_options(tls, options);
    tls_reload_note(&tls->reload, &files);
    return true;
}

static void read_changed_files(struct tls *tls)
{
    if (!tls_reload_is_due(&tls->reload, &tls->options))
        return;
    struct error error;
    if (tls_use(tls, &tls->options, &error))
        log_event(LOG_INFO, "Certificate reloaded",
                  LOG_TEXT("file", tls->options.cert));
    else
        log_event(LOG_ERROR, "Certificate reload failed",
                  LOG_TEXT("reason", error.text));
}

int64_t tls_expires(const struct tls *tls)
{
    return tls->expires;
}

bool tls_check(const struct tls_options *options, struct error *error)
{
    SSL_CTX *context = tls_credentials_load(options, error);
    SSL_CTX_free(context);
    return context != NULL;
}

void tls_tick(struct tls *tls)
{
    read_changed_files(tls);
    tls_tickets_rotate(&tls->tickets, clock_steady_ms());
}

struct tls *tls_new(const struct tls_options *options, struct error *error)
{
    struct tls *tls = memory_new(1, sizeof *tls);
    pthread_mutex_init(&tls->lock, NULL);
    tls_tickets_init(&tls->tickets);
    tls->client_context = SSL_CTX_new(TLS_client_method());
    PANIC_IF(!tls->client_context);
    if (tls_use(tls, options, error))
        return tls;
    tls_free(tls);
    return NULL;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->current);
    SSL_CTX_free(tls->client_context);
    tls_tickets_deinit(&tls->tickets);
    pthread_mutex_destroy(&tls->lock);
    clear_options(&tls->options);
    free(tls);
}

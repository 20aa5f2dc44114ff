#include "net/tls/tls_credentials.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/log.h"
#include "base/memory.h"

/* RFC 9325: TLS 1.2 with forward secrecy and AEAD only; all of TLS 1.3's
 * suites are fine. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static const char groups[] = "X25519:P-256:P-384";

void tls_credentials_shape(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
    PANIC_IF(!SSL_CTX_set_cipher_list(context, ciphers));
    PANIC_IF(!SSL_CTX_set1_groups_list(context, groups));
    /* tickets need no server state; one is enough for a client with one
     * connection */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

static const char *why(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "unknown error";
}

static bool refuse(const char *key, const char *file, const char *expected,
                   struct error *error)
{
    error_set(error, "%s: %.200s: expected %s (%s)", key, file, expected,
              why());
    ERR_clear_error();
    return false;
}

static bool is_readable(const char *key, const char *file, struct error *error)
{
    FILE *stream = fopen(file, "r");
    if (!stream)
        return error_set(error, "%s: %.200s cannot be read: %s", key, file,
                         strerror(errno));
    fclose(stream);
    return true;
}

/* Nobody is there to ask for one. */
static int no_passphrase(char *out, int size, int writing, void *arg)
{
    (void)out, (void)size, (void)writing, (void)arg;
    return -1;
}

static bool load_pair(SSL_CTX *context, const struct tls_options *options,
                      struct error *error)
{
    if (!is_readable("tls.cert", options->cert, error) ||
        !is_readable("tls.key", options->key, error))
        return false;
    if (SSL_CTX_use_certificate_chain_file(context, options->cert) != 1)
        return refuse("tls.cert", options->cert,
                      "a PEM certificate followed by its chain", error);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    if (SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) ==
            1 &&
        SSL_CTX_check_private_key(context) == 1)
        return true;
    return refuse("tls.key", options->key,
                  "the PEM private key for tls.cert, without a passphrase",
                  error);
}

/* A resumed session has no certificate check. So sessions from before a change
 * of the CAs, or of the requirement, must not be resumed: the session id
 * context is derived from both. */
static void name_sessions(SSL_CTX *context)
{
    unsigned char id[SSL_MAX_SSL_SESSION_ID_LENGTH];
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned len = sizeof id;
    PANIC_IF(!digest || !EVP_DigestInit_ex(digest, EVP_sha256(), NULL));
    const X509_STORE *store = SSL_CTX_get_cert_store(context);
    const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        const X509 *ca =
            X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        unsigned char print[EVP_MAX_MD_SIZE];
        unsigned print_len = 0;
        if (ca && X509_digest(ca, EVP_sha256(), print, &print_len))
            EVP_DigestUpdate(digest, print, print_len);
    }
    int mode = SSL_CTX_get_verify_mode(context);
    EVP_DigestUpdate(digest, &mode, sizeof mode);
    PANIC_IF(!EVP_DigestFinal_ex(digest, id, &len));
    EVP_MD_CTX_free(digest);
    SSL_CTX_set_session_id_context(context, id, len);
}

static bool load_client_ca(SSL_CTX *context, const struct tls_options *options,
                           struct error *error)
{
    STACK_OF(X509_NAME) *names = NULL;
    if (options->client_ca) {
        if (!is_readable("tls.client_ca", options->client_ca, error))
            return false;
        names = SSL_load_client_CA_file(options->client_ca);
        if (!names ||
            SSL_CTX_load_verify_file(context, options->client_ca) != 1)
            return refuse("tls.client_ca", options->client_ca,
                          "PEM certificates of the CAs of client certificates",
                          error);
        int mode = SSL_VERIFY_PEER;
        if (options->client_certificate == TLS_CLIENT_REQUIRED)
            mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
        SSL_CTX_set_verify(context, mode, NULL);
    }
    SSL_CTX_set_client_CA_list(context, names);
    name_sessions(context);
    return true;
}

SSL_CTX *tls_credentials_load(const struct tls_options *options,
                              struct error *error)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    PANIC_IF(!context);
    tls_credentials_shape(context);
    if (load_pair(context, options, error) &&
        load_client_ca(context, options, error))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

bool tls_credentials_are_valid(const SSL_CTX *context)
{
    const X509 *cert = SSL_CTX_get0_certificate(context);
    return X509_cmp_current_time(X509_get0_notBefore(cert)) < 0 &&
           X509_cmp_current_time(X509_get0_notAfter(cert)) > 0;
}

int64_t tls_credentials_expire(const SSL_CTX *context)
{
    struct tm utc = {0};
    const X509 *cert = SSL_CTX_get0_certificate(context);
    return ASN1_TIME_to_tm(X509_get0_notAfter(cert), &utc) ? timegm(&utc) : 0;
}

void tls_credentials_warn(const SSL_CTX *context, const char *file)
{
    enum { SOON_SECONDS = 7 * 24 * 3600 };
    const X509 *cert = SSL_CTX_get0_certificate(context);
    time_t soon = time(NULL) + SOON_SECONDS;
    const char *what = NULL;
    if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
        what = "TLS certificate not valid yet";
    else if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
        what = "TLS certificate expired";
    else if (X509_cmp_time(X509_get0_notAfter(cert), &soon) < 0)
        what = "TLS certificate expires within a week";
    if (what)
        log_event(LOG_WARN, what, LOG_TEXT("file", file));
}

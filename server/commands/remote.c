#include "commands/remote.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text_file.h"

#define KEY "PEAL_API_KEY"

struct remote {
    BIO *bio;
    SSL_CTX *tls;       /* NULL: plain */
    char host[256];     /* with the port, where one is named */
    char path[256];     /* before all others */
    const char *socket; /* path of a Unix socket in place of a host; borrowed */
};

/* ---- connecting */

/* http://host[:port][/path], or unix:/path */
static bool read_url(struct remote *remote, const char *url, bool *is_secure,
                     struct error *error)
{
    *is_secure = strncmp(url, "https://", 8) == 0;
    if (strncmp(url, "unix:/", 6) == 0) {
        remote->socket = url + 5;
        strcpy(remote->host, "localhost");
        return true;
    }
    const char *host = url + (*is_secure ? 8 : 7);
    if (!*is_secure && strncmp(url, "http://", 7) != 0)
        return error_set(error,
                         "--url: expected http://..., https://... or "
                         "unix:/..., got \"%.64s\"",
                         url);
    size_t len = strcspn(host, "/");
    size_t path_len = strlen(host + len);
    while (path_len && host[len + path_len - 1] == '/')
        path_len--;
    if (!len || len >= sizeof remote->host || path_len >= sizeof remote->path ||
        strpbrk(url, " ?#@\r\n"))
        return error_set(
            error,
            "--url: expected a host, optionally followed by a port and a path");
    memcpy(remote->host, host, len);
    memcpy(remote->path, host + len, path_len);
    return true;
}

static const char *tls_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "no answer";
}

static bool show_certificate(struct remote *remote,
                             const struct remote_options *options,
                             struct error *error)
{
    if (!options->cert && !options->key)
        return true;
    if (!options->cert || !options->key)
        return error_set(error, "--cert and --cert-key must be used together");
    if (SSL_CTX_use_certificate_chain_file(remote->tls, options->cert) != 1)
        return error_set(error, "--cert: %.200s: %s", options->cert,
                         tls_reason());
    return SSL_CTX_use_PrivateKey_file(remote->tls, options->key,
                                       SSL_FILETYPE_PEM) == 1 ||
           error_set(error, "--cert-key: %.200s: %s", options->key,
                     tls_reason());
}

static bool use_tls(struct remote *remote, const struct remote_options *options,
                    struct error *error)
{
    const char *ca = options->ca;
    remote->tls = SSL_CTX_new(TLS_client_method());
    PANIC_IF(!remote->tls);
    SSL_CTX_set_verify(remote->tls, SSL_VERIFY_PEER, NULL);
    int loaded = ca ? SSL_CTX_load_verify_file(remote->tls, ca)
                    : SSL_CTX_set_default_verify_paths(remote->tls);
    if (loaded != 1)
        return error_set(error, "--ca: %.200s: %s", ca ? ca : "", tls_reason());
    if (!show_certificate(remote, options, error))
        return false;
    remote->bio = BIO_new_ssl_connect(remote->tls);
    PANIC_IF(!remote->bio);
    return true;
}

/* Hint for TLS to a plain HTTP server, or the reverse. */
static const char *hint(bool is_secure)
{
    unsigned long code = ERR_peek_last_error();
    return is_secure && ERR_GET_LIB(code) == ERR_LIB_SSL &&
                   ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER
               ? " (does it speak http:// only?)"
               : "";
}

/* The host without brackets and port, for the certificate. */
static void name_host(struct remote *remote)
{
    char name[sizeof remote->host];
    SSL *ssl = NULL;
    const char *start = remote->host + (remote->host[0] == '[');
    size_t len = strcspn(start, remote->host[0] == '[' ? "]" : ":");
    snprintf(name, sizeof name, "%.*s", (int)len, start);
    BIO_get_ssl(remote->bio, &ssl);
    if (!X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name)) {
        SSL_set1_host(ssl, name);
        SSL_set_tlsext_host_name(ssl, name);
    }
}

static void set_patience(struct remote *remote, time_t seconds)
{
    int fd = -1;
    const struct timeval time = {.tv_sec = seconds};
    if (BIO_get_fd(remote->bio, &fd) > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

static bool connect_to_socket(struct remote *remote, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(remote->socket);
    if (len >= sizeof address.sun_path)
        return error_set(error, "--url: the Unix socket path is too long");
    memcpy(address.sun_path, remote->socket, len);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) {
        error_set(error, "%.200s cannot be reached: %s", remote->socket,
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    remote->bio = BIO_new_socket(fd, BIO_CLOSE);
    PANIC_IF(!remote->bio);
    set_patience(remote, REMOTE_SECONDS);
    return true;
}

static bool connect_to(struct remote *remote, bool is_secure,
                       const struct remote_options *options,
                       struct error *error)
{
    if (is_secure && !use_tls(remote, options, error))
        return false;
    if (!is_secure)
        remote->bio = BIO_new(BIO_s_connect());
    PANIC_IF(!remote->bio);
    BIO_set_conn_hostname(remote->bio, remote->host);
    /* a port in the host's text counts more */
    if (!strchr(remote->host, ']') ? !strchr(remote->host, ':')
                                   : !strstr(remote->host, "]:"))
        BIO_set_conn_port(remote->bio, is_secure ? "443" : "80");
    if (is_secure)
        name_host(remote);
    if (BIO_do_connect(remote->bio) <= 0)
        return error_set(error, "%.200s cannot be reached: %s%s", remote->host,
                         tls_reason(), hint(is_secure));
    set_patience(remote, REMOTE_SECONDS);
    return true;
}

struct remote *remote_open(const struct remote_options *options,
                           struct error *error)
{
    struct remote *remote = memory_new(1, sizeof *remote);
    bool is_secure;
    ERR_clear_error();
    signal(SIGPIPE, SIG_IGN); /* writing says it as well */
    if (read_url(remote, options->url ? options->url : REMOTE_URL, &is_secure,
                 error) &&
        (remote->socket ? connect_to_socket(remote, error)
                        : connect_to(remote, is_secure, options, error)))
        return remote;
    remote_close(remote);
    return NULL;
}

void remote_close(struct remote *remote)
{
    if (!remote)
        return;
    BIO_free_all(remote->bio);
    SSL_CTX_free(remote->tls);
    free(remote);
}

/* ---- bytes */

static bool wants_certificate(void)
{
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    return reason == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED ||
           reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE ||
           reason == SSL_R_TLSV1_ALERT_UNKNOWN_CA ||
           reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE;
}

/* Fails: no byte, or no more bytes, arrived. */
static bool refuse_silence(const struct remote *remote, const struct buffer *in,
                           bool is_closed, struct error *error)
{
    if (remote->tls && wants_certificate())
        return error_set(error,
                         "%.200s requires a client certificate "
                         "(tls.client_ca): pass one with --cert and "
                         "--cert-key",
                         remote->host);
    if (is_closed && !in->len)
        return error_set(
            error,
            "%.200s closed the connection without a response: with "
            "proxy_protocol, it accepts connections only through its proxy%s",
            remote->host, remote->tls ? "" : "; with tls.cert, only https://");
    return error_set(
        error, "%.200s closed the connection, or did not respond within %d s",
        remote->host, REMOTE_SECONDS);
}

/* The server may have sent a reason before it closed the connection. */
static bool refuse_write(struct remote *remote, struct error *error)
{
    char byte;
    const struct buffer nothing = {0};
    ERR_clear_error();
    BIO_read(remote->bio, &byte, 1);
    return refuse_silence(remote, &nothing, true, error);
}

bool remote_write(struct remote *remote, struct bytes bytes,
                  struct error *error)
{
    while (bytes.len) {
        size_t written = 0;
        if (!BIO_write_ex(remote->bio, bytes.data, bytes.len, &written))
            return refuse_write(remote, error);
        bytes = bytes_skip(bytes, written);
    }
    return true;
}

bool remote_read(struct remote *remote, struct buffer *in, bool can_wait,
                 struct error *error)
{
    enum { PIECE = 16384 };
    set_patience(remote, can_wait ? 0 : REMOTE_SECONDS);
    int got = BIO_read(remote->bio, buffer_reserve(in, PIECE), PIECE);
    if (got <= 0)
        return refuse_silence(remote, in, got == 0 || errno == ECONNRESET,
                              error);
    in->len += (size_t)got;
    return true;
}

/* ---- HTTP */

bool remote_write_request(struct remote *remote, const char *method,
                          const char *path, const char *headers,
                          struct error *error)
{
    struct buffer text = {0};
    buffer_append_format(&text,
                         "%s %s%s HTTP/1.1\r\nHost: %s\r\n"
                         "User-Agent: peal/" PEAL_VERSION "\r\n%s\r\n",
                         method, remote->path, path, remote->host, headers);
    bool written = remote_write(remote, buffer_bytes(&text), error);
    buffer_deinit(&text);
    return written;
}

/* The value of a header, or NULL; ends where its line does. */
static const char *find_header(const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = strchr(head, '\n'); line;
         line = strchr(line + 1, '\n'))
        if (strncasecmp(line + 1, name, len) == 0 && line[1 + len] == ':')
            return line + 1 + len + 1;
    return NULL;
}

bool remote_read_head(struct remote *remote, struct buffer *in, int *status,
                      uint64_t *body_len, struct error *error)
{
    enum { HEAD_MAX = 65536 };
    const char *end;
    while (!(end = strstr(buffer_text(in), "\r\n\r\n"))) {
        if (in->len > HEAD_MAX)
            return error_set(error, "the response of %.200s does not end",
                             remote->host);
        if (!remote_read(remote, in, false, error))
            return false;
    }
    size_t head_len = (size_t)(end - in->data) + 4;
    char *head = memory_copy_text(in->data, head_len);
    const char *length = find_header(head, "Content-Length");
    bool is_http = sscanf(head, "HTTP/1.%*1[01] %3d", status) == 1;
    *body_len = length ? strtoull(length, NULL, 10) : 0;
    free(head);
    in->len -= head_len;
    memmove(in->data, in->data + head_len, in->len);
    if (!is_http || *body_len > REMOTE_ANSWER_MAX)
        return error_set(
            error, "%.200s sent an unexpected response; is it a Peal server?",
            remote->host);
    return true;
}

bool remote_has_key(void)
{
    return getenv(KEY) || getenv(KEY "_FILE");
}

/* Appends the API key, if there is one. */
static bool read_key(struct buffer *out, struct error *error)
{
    struct error why;
    const char *key = getenv(KEY);
    const char *file = getenv(KEY "_FILE");
    if (key)
        buffer_append(out, bytes_without_line_ends(bytes_of(key)));
    else if (file && !text_file_read_value(file, out, &why))
        return error_set(error, KEY "_FILE: %.200s: %s", file, why.text);
    return !strpbrk(buffer_text(out), "\r\n") ||
           error_set(error, KEY ": has more than one line");
}

static void append_headers(struct buffer *out, const char *key,
                           const char *body)
{
    buffer_append_text(out, "Connection: close\r\n");
    if (key[0])
        buffer_append_format(out, "Authorization: Bearer %s\r\n", key);
    if (body)
        buffer_append_format(out,
                             "Content-Type: application/json\r\n"
                             "Content-Length: %zu\r\n",
                             strlen(body));
}

static bool exchange(struct remote *remote, const char *key,
                     const struct remote_request *request, int *status,
                     struct buffer *answer, struct error *error)
{
    const char *body = request->body;
    uint64_t len;
    struct buffer headers = {0};
    append_headers(&headers, key, body);
    bool ok = remote_write_request(remote, request->method, request->path,
                                   buffer_text(&headers), error) &&
              remote_write(remote, bytes_of(body), error) &&
              remote_read_head(remote, answer, status, &len, error);
    buffer_deinit(&headers);
    while (ok && answer->len < len)
        ok = remote_read(remote, answer, false, error);
    return ok;
}

static bool ask(const struct remote_options *options,
                const struct remote_request *request, int *status,
                struct buffer *answer, struct error *error)
{
    struct buffer key = {0};
    struct remote *remote =
        read_key(&key, error) ? remote_open(options, error) : NULL;
    bool ok = remote && exchange(remote, buffer_text(&key), request, status,
                                 answer, error);
    remote_close(remote);
    buffer_deinit(&key);
    return ok;
}

static struct remote_request request_of(const char *path, const char *body)
{
    return (struct remote_request){body ? "POST" : "GET", path, body};
}

bool remote_ask(const struct remote_options *options, const char *path,
                const char *body, int *status, struct buffer *answer,
                struct error *error)
{
    const struct remote_request request = request_of(path, body);
    return ask(options, &request, status, answer, error);
}

bool remote_do(const struct remote_options *options,
               const struct remote_request *request, struct buffer *answer,
               struct error *error)
{
    int status;
    struct json_slot slots[] = {{.name = "error"}};
    const char *why;
    char text[256] = "";
    size_t len = 0;
    if (!ask(options, request, &status, answer, error))
        return false;
    if (status / 100 == 2)
        return true;
    if (json_scan_object(buffer_bytes(answer), slots, 1, &why))
        json_decode_string(slots[0].raw, text, sizeof text - 1, &len);
    return error_set(error, "the server responded %d: %.*s%s", status, (int)len,
                     text, status == 401 ? " (PEAL_API_KEY)" : "");
}

bool remote_tell(const struct remote_options *options, const char *path,
                 const char *body, struct buffer *answer, struct error *error)
{
    const struct remote_request request = request_of(path, body);
    return remote_do(options, &request, answer, error);
}

void remote_append_encoded(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) || c == '-' || c == '_')
            buffer_append_char(out, *text);
        else
            buffer_append_format(out, "%%%02X", c);
    }
}

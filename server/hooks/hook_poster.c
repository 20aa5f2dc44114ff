#include "hooks/hook_poster.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/web_request.h"
#include "hooks/hook_signature.h"
#include "messaging/hook_target.h"

enum { HEAD_BYTES_MAX = 65536 };

struct transfer {
    struct hook_poster *poster;
    CURL *easy;
    struct curl_slist *headers;
    hook_posted *done;
    void *arg;
    struct buffer answer;
    size_t head_bytes;
    struct transfer *next; /* in the list of the free ones */
};

enum { SECRETS = 2 };

struct hook_poster {
    const struct hook_options *options;
    char *secrets[SECRETS]; /* of them the second may be NULL */
    CURLM *multi;
    struct transfer *free; /* usually with an open connection */
};

/* ---- what the config names ---------------------------------------------- */

static bool has_scheme(CURLU *url)
{
    char *text = NULL;
    bool has = curl_url_get(url, CURLUPART_SCHEME, &text, 0) == CURLUE_OK &&
               (strcmp(text, "http") == 0 || strcmp(text, "https") == 0);
    curl_free(text);
    return has;
}

bool hook_poster_check_url(const char *key, const char *text,
                           struct error *error)
{
    CURLU *url = curl_url();
    PANIC_IF(!url);
    bool is_good = curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                   has_scheme(url) &&
                   web_request_url_has(url, CURLUPART_HOST) &&
                   !web_request_url_has(url, CURLUPART_USER) &&
                   !web_request_url_has(url, CURLUPART_PASSWORD) &&
                   !web_request_url_has(url, CURLUPART_FRAGMENT);
    curl_url_cleanup(url);
    return is_good ||
           error_set(error,
                     "%s: expected http://host/path or https://host/path, "
                     "without user or fragment, got \"%.200s\"",
                     key, text);
}

bool hook_poster_check_ca(const char *file, struct error *error)
{
    X509_STORE *store = X509_STORE_new();
    PANIC_IF(!store);
    bool is_good = X509_STORE_load_locations(store, file, NULL);
    X509_STORE_free(store);
    return is_good ||
           error_set(error, "hooks.ca: %.300s: expected PEM certificates",
                     file);
}

/* ---- one transfer ------------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = size * count;
    if (transfer->answer.len + len > transfer->poster->options->answer_bytes)
        return 0; /* ends it */
    buffer_append(&transfer->answer, (struct bytes){data, len});
    return len;
}

static size_t on_head(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    struct transfer *transfer = arg;
    transfer->head_bytes += size * count;
    return transfer->head_bytes > HEAD_BYTES_MAX ? 0 : size * count;
}

static void set_options(struct transfer *transfer)
{
    const struct hook_options *options = transfer->poster->options;
    CURL *easy = transfer->easy;
    web_request_set_options(easy, options->url ? options->url : "", options->ca,
                            on_body, transfer);
    CURLcode bad = CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
    bad |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    bad |= curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    PANIC_IF(bad != CURLE_OK);
}

static struct transfer *take_transfer(struct hook_poster *poster)
{
    struct transfer *transfer = poster->free;
    if (transfer) {
        poster->free = transfer->next;
        return transfer;
    }
    transfer = memory_new(1, sizeof *transfer);
    transfer->poster = poster;
    transfer->easy = curl_easy_init();
    PANIC_IF(!transfer->easy);
    set_options(transfer);
    return transfer;
}

static void add_header(struct transfer *transfer, const char *text)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, text);
    PANIC_IF(!longer);
    transfer->headers = longer;
}

/* One for each secret: "v1=...,v1=...". */
static bool sign(const struct hook_poster *poster, const char *time,
                 struct bytes body, struct buffer *out)
{
    char signature[HOOK_SIGNATURE_LEN + 1];
    buffer_append_text(out, "Peal-Signature: ");
    for (size_t i = 0; i < SECRETS && poster->secrets[i]; i++) {
        if (!hook_signature_make(poster->secrets[i], time, body, signature))
            return false;
        buffer_append_format(out, "%sv1=%s", i ? "," : "", signature);
    }
    return true;
}

static bool add_signature(struct transfer *transfer, const char *time,
                          struct bytes body)
{
    struct buffer line = {0};
    bool is_signed = sign(transfer->poster, time, body, &line);
    if (is_signed)
        add_header(transfer, buffer_text(&line));
    buffer_deinit(&line);
    return is_signed;
}

/* Pusher's signature: over the body only, with the key. */
static bool add_target_headers(struct transfer *transfer,
                               const struct hook_target *target,
                               struct bytes body)
{
    char signature[HOOK_SIGNATURE_LEN + 1];
    char line[128];
    if (!hook_signature_of_body(target->secret, body, signature))
        return false;
    snprintf(line, sizeof line, "X-Pusher-Key: %s", target->key);
    add_header(transfer, line);
    snprintf(line, sizeof line, "X-Pusher-Signature: %s", signature);
    add_header(transfer, line);
    return true;
}

static bool add_headers(struct transfer *transfer, const struct hook_call *call)
{
    char time[24];
    char line[128];
    add_header(transfer, "Content-Type: application/json");
    add_header(transfer, "Expect:"); /* the body goes along at once */
    if (call->target)
        return add_target_headers(transfer, call->target, call->body);
    snprintf(time, sizeof time, "%" PRId64, clock_wall_ms() / 1000);
    if (!add_signature(transfer, time, call->body))
        return false;
    snprintf(line, sizeof line, "Peal-Hook: %s", call->kind);
    add_header(transfer, line);
    snprintf(line, sizeof line, "Peal-Timestamp: %s", time);
    add_header(transfer, line);
    if (!call->trace[0])
        return true;
    snprintf(line, sizeof line, "traceparent: %s", call->trace);
    add_header(transfer, line);
    return true;
}

/* Removes the transfer from curl, for reuse. */
static void put_back(struct transfer *transfer)
{
    struct hook_poster *poster = transfer->poster;
    curl_multi_remove_handle(poster->multi, transfer->easy);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    transfer->next = poster->free;
    poster->free = transfer;
}

struct transfer *hook_poster_send(struct hook_poster *poster,
                                  const struct hook_call *call,
                                  hook_posted *done, void *arg)
{
    struct transfer *transfer = take_transfer(poster);
    CURL *easy = transfer->easy;
    transfer->done = done;
    transfer->arg = arg;
    transfer->head_bytes = 0;
    buffer_clear(&transfer->answer);
    if (!add_headers(transfer, call)) {
        put_back(transfer);
        return NULL;
    }
    /* curl copies it */
    curl_easy_setopt(easy, CURLOPT_URL,
                     call->target ? call->target->url : poster->options->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body.data);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)call->body.len);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
    CURLMcode code = curl_multi_add_handle(poster->multi, easy);
    PANIC_IF(code != CURLM_OK);
    return transfer;
}

void hook_poster_cancel(struct hook_poster *poster, struct transfer *transfer)
{
    (void)poster;
    put_back(transfer);
}

static const char *describe(const struct transfer *transfer, CURLcode code)
{
    if (code == CURLE_WRITE_ERROR)
        return transfer->head_bytes > HEAD_BYTES_MAX
                   ? "the response headers are too long"
                   : "the response is too long";
    return curl_easy_strerror(code);
}

static void finish(struct transfer *transfer, CURLcode code)
{
    struct hook_reply reply = {0};
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK) {
        reply.status = (int)status;
        reply.body = buffer_bytes(&transfer->answer);
    } else {
        reply.error = describe(transfer, code);
    }
    transfer->done(transfer->arg, &reply);
    put_back(transfer);
}

/* ---- all of them -------------------------------------------------------- */

/* libcurl's allocations do not fail either: see base/memory.h. */
static void *allocate(size_t size)
{
    return memory_new(1, size);
}

static void *reallocate(void *memory, size_t size)
{
    return memory_resize(memory, size, 1);
}

static char *copy_text(const char *text)
{
    return memory_copy_text(text, strlen(text));
}

struct hook_poster *hook_poster_new(const struct hook_options *options)
{
    struct hook_poster *poster = memory_new(1, sizeof *poster);
    CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, allocate, free,
                                         reallocate, copy_text, memory_new);
    PANIC_IF(code != CURLE_OK);
    poster->options = options;
    hook_poster_use_secrets(poster, options->secret, options->old_secret);
    poster->multi = curl_multi_init();
    PANIC_IF(!poster->multi);
    curl_multi_setopt(poster->multi, CURLMOPT_MAXCONNECTS,
                      (long)options->connections + 1);
    return poster;
}

static void forget_secrets(struct hook_poster *poster)
{
    for (size_t i = 0; i < SECRETS; i++)
        free(poster->secrets[i]);
}

void hook_poster_use_secrets(struct hook_poster *poster, const char *secret,
                             const char *old)
{
    forget_secrets(poster);
    poster->secrets[0] =
        secret ? memory_copy_text(secret, strlen(secret)) : NULL;
    poster->secrets[1] = old ? memory_copy_text(old, strlen(old)) : NULL;
}

void hook_poster_free(struct hook_poster *poster)
{
    while (poster->free) {
        struct transfer *transfer = poster->free;
        poster->free = transfer->next;
        curl_easy_cleanup(transfer->easy);
        buffer_deinit(&transfer->answer);
        free(transfer);
    }
    forget_secrets(poster);
    curl_multi_cleanup(poster->multi);
    curl_global_cleanup();
    free(poster);
}

/* How many have ended. */
static unsigned finish_all(struct hook_poster *poster)
{
    int left;
    unsigned ended = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(poster->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct transfer *transfer;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        finish(transfer, message->data.result);
        ended++;
    }
    return ended;
}

/* Does not sleep after a transfer ended: there may be more to send. */
void hook_poster_run(struct hook_poster *poster, uint64_t wait_ms)
{
    int running;
    curl_multi_perform(poster->multi, &running);
    if (!finish_all(poster))
        curl_multi_poll(poster->multi, NULL, 0, (int)wait_ms, NULL);
}

void hook_poster_wake(struct hook_poster *poster)
{
    curl_multi_wakeup(poster->multi);
}

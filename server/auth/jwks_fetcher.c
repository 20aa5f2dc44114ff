#include "auth/jwks_fetcher.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "auth/jwk.h"
#include "base/backoff.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/origin.h"
#include "base/thread.h"
#include "base/web_request.h"

enum { TEXT_MAX = 1 << 20, TIMEOUT_MS = 10000, RETRY_MAX_MS = 60000 };

struct jwks_fetcher {
    const struct auth_options *options;
    pthread_t thread;
    atomic_bool is_wanted;
    atomic_bool is_stopping;
    /* the fetcher's thread */
    struct backoff backoff;
    struct buffer body;
    struct text_list skipped; /* unusable keys of the last set */
    /* under lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool has_tried;
    bool is_hurried; /* the next attempt may come early */
    char *fetched;   /* not taken yet; NULL: nothing new */
    char *known;     /* what was fetched last */
};

/* --- the URL ------------------------------------------------------------- */

/* Keys fetched without TLS could be replaced in transit. */
static bool is_safe(CURLU *url)
{
    char *scheme = NULL;
    char *host = NULL;
    struct buffer origin = {0};
    bool safe = false;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        buffer_append_format(&origin, "%s://%s", scheme, host);
        safe = strcmp(scheme, "https") == 0 ||
               origin_is_loopback(buffer_bytes(&origin));
    }
    buffer_deinit(&origin);
    curl_free(scheme);
    curl_free(host);
    return safe;
}

bool jwks_fetcher_check_url(const char *text, struct error *error)
{
    CURLU *url = curl_url();
    PANIC_IF(!url);
    bool is_good = curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                   is_safe(url) && !web_request_url_has(url, CURLUPART_USER) &&
                   !web_request_url_has(url, CURLUPART_PASSWORD);
    curl_url_cleanup(url);
    return is_good ||
           error_set(error,
                     "auth.jwks_url: expected https://host/path without user "
                     "and password (http:// on this machine only), got "
                     "\"%.200s\"",
                     text);
}

/* --- one request --------------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct jwks_fetcher *fetcher = arg;
    size_t len = size * count;
    if (fetcher->body.len + len > TEXT_MAX)
        return 0; /* ends it */
    buffer_append(&fetcher->body, (struct bytes){data, len});
    return len;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c,
                       curl_off_t d)
{
    const struct jwks_fetcher *fetcher = arg;
    (void)a, (void)b, (void)c, (void)d;
    return fetcher->is_stopping;
}

static void set_options(struct jwks_fetcher *fetcher, CURL *easy)
{
    const struct auth_options *options = fetcher->options;
    web_request_set_options(easy, options->jwks_url, options->jwks_ca, on_body,
                            fetcher);
    CURLcode bad = CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    bad |= curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    bad |= curl_easy_setopt(easy, CURLOPT_XFERINFODATA, fetcher);
    PANIC_IF(bad != CURLE_OK);
}

static bool request(struct jwks_fetcher *fetcher, struct error *why)
{
    long status = 0;
    CURL *easy = curl_easy_init();
    PANIC_IF(!easy);
    set_options(fetcher, easy);
    buffer_clear(&fetcher->body);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    if (code == CURLE_WRITE_ERROR)
        return error_set(why, "larger than 1 MiB");
    if (code != CURLE_OK)
        return error_set(why, "%s", curl_easy_strerror(code));
    return status == 200 || error_set(why, "status %ld", status);
}

static bool has(const struct text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

/* Logs each skipped key once, not with every fetch. Takes the list. */
static void tell_skipped(struct jwks_fetcher *fetcher,
                         struct text_list *skipped)
{
    for (size_t i = 0; i < skipped->count; i++)
        if (!has(&fetcher->skipped, skipped->items[i]))
            log_event(LOG_WARN, "Key set entry rejected",
                      LOG_TEXT("url", fetcher->options->jwks_url),
                      LOG_TEXT("reason", skipped->items[i]));
    text_list_deinit(&fetcher->skipped);
    fetcher->skipped = *skipped;
    *skipped = (struct text_list){0};
}

/* A set without a usable key must not replace a working one. */
static bool check(struct jwks_fetcher *fetcher, size_t *count,
                  struct error *why)
{
    struct jwk_set keys = {0};
    bool ok = jwk_set_add_text(&keys, buffer_bytes(&fetcher->body),
                               "the response", why);
    *count = keys.count;
    if (ok)
        tell_skipped(fetcher, &keys.skipped);
    jwk_set_deinit(&keys);
    return ok;
}

/* Under the lock. */
static void keep(struct jwks_fetcher *fetcher, size_t count)
{
    const char *text = buffer_text(&fetcher->body);
    if (fetcher->known && strcmp(fetcher->known, text) == 0)
        return;
    free(fetcher->known);
    free(fetcher->fetched);
    fetcher->known = memory_copy_text(text, strlen(text));
    fetcher->fetched = memory_copy_text(text, strlen(text));
    log_event(LOG_INFO, "Key set loaded",
              LOG_TEXT("url", fetcher->options->jwks_url),
              LOG_NUMBER("keys", count));
}

/* Fetches once; returns when to fetch again. */
static uint64_t fetch(struct jwks_fetcher *fetcher)
{
    struct error why;
    size_t count = 0;
    bool ok = request(fetcher, &why) && check(fetcher, &count, &why);
    if (!ok && !fetcher->is_stopping)
        log_event(LOG_WARN, "Key set fetch failed",
                  LOG_TEXT("url", fetcher->options->jwks_url),
                  LOG_TEXT("reason", why.text));
    pthread_mutex_lock(&fetcher->lock);
    if (ok)
        keep(fetcher, count);
    fetcher->has_tried = true;
    fetcher->is_hurried = false;
    pthread_cond_broadcast(&fetcher->changed);
    pthread_mutex_unlock(&fetcher->lock);
    if (!ok)
        return backoff_next_ms(&fetcher->backoff);
    backoff_reset(&fetcher->backoff);
    return fetcher->options->jwks_refresh_seconds * UINT64_C(1000);
}

/* --- the thread ---------------------------------------------------------- */

/* Under the lock, at most for the given time. */
static void wait_ms(struct jwks_fetcher *fetcher, uint64_t ms)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += (time_t)(ms / 1000);
    end.tv_nsec += (long)(ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&fetcher->changed, &fetcher->lock, &end);
}

/* Waits until the next attempt is due, or is wanted and allowed. */
static void rest(struct jwks_fetcher *fetcher, uint64_t pause_ms)
{
    uint64_t start = clock_steady_ms();
    pthread_mutex_lock(&fetcher->lock);
    while (!fetcher->is_stopping) {
        uint64_t limit = fetcher->is_hurried && pause_ms > JWKS_INTERVAL_MS
                             ? JWKS_INTERVAL_MS
                             : pause_ms;
        uint64_t passed = clock_elapsed(clock_steady_ms(), start);
        if (passed >= limit)
            break;
        wait_ms(fetcher, limit - passed);
    }
    pthread_mutex_unlock(&fetcher->lock);
}

static void *run(void *arg)
{
    struct jwks_fetcher *fetcher = arg;
    while (!fetcher->is_stopping)
        rest(fetcher, fetch(fetcher));
    return NULL;
}

/* --- from outside -------------------------------------------------------- */

struct jwks_fetcher *jwks_fetcher_new(const struct auth_options *options)
{
    struct jwks_fetcher *fetcher = memory_new(1, sizeof *fetcher);
    pthread_condattr_t steady;
    fetcher->options = options;
    fetcher->backoff =
        (struct backoff){.base_ms = 1000, .max_ms = RETRY_MAX_MS};
    pthread_mutex_init(&fetcher->lock, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&fetcher->changed, &steady);
    pthread_condattr_destroy(&steady);
    PANIC_IF(curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK);
    thread_start(&fetcher->thread, run, fetcher);
    return fetcher;
}

void jwks_fetcher_free(struct jwks_fetcher *fetcher)
{
    if (!fetcher)
        return;
    pthread_mutex_lock(&fetcher->lock);
    fetcher->is_stopping = true;
    pthread_cond_broadcast(&fetcher->changed);
    pthread_mutex_unlock(&fetcher->lock);
    pthread_join(fetcher->thread, NULL);
    curl_global_cleanup();
    pthread_mutex_destroy(&fetcher->lock);
    pthread_cond_destroy(&fetcher->changed);
    buffer_deinit(&fetcher->body);
    text_list_deinit(&fetcher->skipped);
    free(fetcher->fetched);
    free(fetcher->known);
    free(fetcher);
}

void jwks_fetcher_wait(struct jwks_fetcher *fetcher, unsigned ms)
{
    uint64_t start = clock_steady_ms();
    pthread_mutex_lock(&fetcher->lock);
    while (!fetcher->has_tried) {
        uint64_t passed = clock_elapsed(clock_steady_ms(), start);
        if (passed >= ms)
            break;
        wait_ms(fetcher, ms - passed);
    }
    pthread_mutex_unlock(&fetcher->lock);
}

atomic_bool *jwks_fetcher_wanted(struct jwks_fetcher *fetcher)
{
    return &fetcher->is_wanted;
}

char *jwks_fetcher_tick(struct jwks_fetcher *fetcher)
{
    bool is_wanted = atomic_exchange(&fetcher->is_wanted, false);
    pthread_mutex_lock(&fetcher->lock);
    char *text = fetcher->fetched;
    fetcher->fetched = NULL;
    if (is_wanted) {
        fetcher->is_hurried = true;
        pthread_cond_broadcast(&fetcher->changed);
    }
    pthread_mutex_unlock(&fetcher->lock);
    return text;
}

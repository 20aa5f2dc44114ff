#include "base/web_request.h"

#include "base/memory.h"

bool web_request_url_has(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK && text[0];
    curl_free(text);
    return has;
}

void web_request_set_options(CURL *easy, const char *url, const char *ca,
                             curl_write_callback on_body, void *arg)
{
    CURLcode bad = CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_URL, url);
    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    bad |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                            (long)CURL_HTTP_VERSION_1_1);
    bad |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
    bad |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    bad |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* a slow resolver must not delay others, nor the shutdown */
    bad |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "Peal/" PEAL_VERSION);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, arg);
    if (ca) {
        bad |= curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
        bad |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    PANIC_IF(bad != CURLE_OK);
}

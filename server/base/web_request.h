/* web_request: common settings of all requests that Peal makes with libcurl.
 *
 * No proxy from the environment, no redirects, certificates and names always
 * verified, no signals.
 *
 * Owner:   the caller owns all arguments.
 * Thread:  any.
 * Limits:  callers bound the size and time of a response.
 * Failure: an option unknown to libcurl ends the process: it is a bug.
 */
#ifndef PEAL_BASE_WEB_REQUEST_H
#define PEAL_BASE_WEB_REQUEST_H

#include <stdbool.h>

#include <curl/curl.h>

/* Whether the URL has that part, non-empty. */
bool web_request_url_has(CURLU *url, CURLUPart part);

/* `ca` names a file of certificates to trust instead of the system's; it may be
 * NULL. The body of the response goes to `on_body` with `arg`. */
void web_request_set_options(CURL *easy, const char *url, const char *ca,
                             curl_write_callback on_body, void *arg);

#endif

/* web_request: what all requests that Peal makes by libcurl have in common.
 *
 * No proxy of the environment, no redirection, certificates and names always
 * checked, and no signals.
 *
 * Owner:   the caller owns what is passed.
 * Thread:  any.
 * Limits:  the size of an answer and its time are the caller's affair.
 * Failure: an option that libcurl does not know ends the process: it is our
 *          mistake.
 */
#ifndef PEAL_BASE_WEB_REQUEST_H
#define PEAL_BASE_WEB_REQUEST_H

#include <stdbool.h>

#include <curl/curl.h>

/* Whether it has that part, not empty. */
bool web_request_url_has(CURLU *url, CURLUPart part);

/* `ca` names a file of certificates to trust in place of the system's; it may
 * be NULL. The body of the answer goes to `on_body` with `arg`. */
void web_request_set_options(CURL *easy, const char *url, const char *ca,
                             curl_write_callback on_body, void *arg);

#endif

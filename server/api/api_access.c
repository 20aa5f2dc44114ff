#include "api/api_access.h"

#include <strings.h>

#include "api/answer.h"
#include "base/clock.h"
#include "base/log.h"
#include "messaging/worker.h"

/* The scheme's name is not case-sensitive (RFC 9110 section 11.1). */
static struct bytes bearer_of(struct bytes authorization)
{
    struct bytes scheme = BYTES_LITERAL("Bearer ");
    if (authorization.len < scheme.len ||
        strncasecmp(authorization.data, scheme.data, scheme.len) != 0)
        return (struct bytes){0};
    struct bytes key = bytes_skip(authorization, scheme.len);
    while (key.len && key.data[0] == ' ')
        key = bytes_skip(key, 1);
    return key;
}

static void log_refusal(const struct api_request *request,
                        const struct api_response *response)
{
    char address[IP_ADDRESS_TEXT];
    ip_address_print(&request->client, address);
    log_limited(LOG_WARN, 1, "API request refused",
                LOG_TEXT("address", address), LOG_BYTES("path", request->path),
                LOG_NUMBER("status", response->status));
}

const struct api_key *api_access_judge(struct api_keys *keys,
                                       struct worker *worker,
                                       const struct api_request *request,
                                       unsigned scope,
                                       struct api_response *response)
{
    struct bytes bearer = bearer_of(request->authorization);
    if (!refusals_are_few(worker->instance, &request->client)) {
        metrics_add(&worker->metrics, METRIC_LIMIT_REFUSALS, 1);
        answer_set_error(response, 429, "Too many refusals");
        return NULL;
    }
    struct api_key *key = api_keys_find(keys, bearer);
    if (api_keys_are_none(keys))
        answer_set_error(
            response, 401,
            "The API is off: set api.key (PEAL_API_KEY) or api.keys");
    else if (!bearer.len)
        answer_set_error(response, 401,
                         "Authorization: Bearer <API key> required");
    else if (!key)
        answer_set_error(response, 401, "Unknown API key");
    else if (!api_key_take(key, clock_steady_ms())) {
        metrics_add(&worker->metrics, METRIC_LIMIT_API_RATE, 1);
        answer_set_error(response, 429, "Too many requests with this key");
        key = NULL;
    } else if (!api_key_may(key, scope)) {
        answer_set_error(response, 403, "The key does not allow this");
        key = NULL;
    }
    if (response->status == 401)
        refusals_add(worker->instance, &request->client);
    if (!key)
        log_refusal(request, response);
    return key;
}

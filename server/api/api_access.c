#include "api/api_access.h"

#include <strings.h>

#include "api/answer.h"
#include "base/clock.h"
#include "base/log.h"
#include "messaging/refusal_log.h"
#include "messaging/refusals.h"
#include "messaging/worker.h"

/* The scheme's name is not case-sensitive (RFC 9110 section 11.1). */
struct bytes api_access_bearer(struct bytes authorization)
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

void api_access_note(struct worker *worker, const struct ip_address *client,
                     struct bytes path, enum refusal_reason reason, int status)
{
    char address[IP_ADDRESS_TEXT];
    ip_address_print(client, address);
    metrics_count_refusal(&worker->metrics, REFUSED_API_REQUEST, reason);
    log_limited(LOG_WARN, 1, "API request refused",
                LOG_TEXT("address", address), LOG_BYTES("path", path),
                LOG_TEXT("reason", refusal_reason_info(reason)->name),
                LOG_NUMBER("status", status));
    refusal_log_note(worker->instance->refusal_log,
                     &(struct refusal_entry){.kind = REFUSED_API_REQUEST,
                                             .reason = reason,
                                             .status = status,
                                             .address = *client,
                                             .detail = path});
}

static void refuse(struct worker *worker, const struct api_request *request,
                   enum refusal_reason reason, struct api_response *response)
{
    const struct refusal_reason_info *info = refusal_reason_info(reason);
    answer_set_error(response, info->status, info->error);
    api_access_note(worker, &request->client, request->path, reason,
                    info->status);
}

void api_access_note_refusal(struct worker *worker,
                             const struct ip_address *client, struct bytes path,
                             int status)
{
    if (status == 401)
        refusals_take(worker->instance, REFUSER_PEAL, client);
    api_access_note(worker, client, path,
                    status == 403 ? REFUSAL_API_SCOPE : REFUSAL_API_KEY_UNKNOWN,
                    status);
}

bool api_access_has_patience(struct worker *worker,
                             const struct api_request *request,
                             struct api_response *response)
{
    if (refusals_are_few(worker->instance, REFUSER_PEAL, &request->client))
        return true;
    metrics_add(&worker->metrics, METRIC_LIMIT_REFUSALS, 1);
    refuse(worker, request, REFUSAL_RATE, response);
    return false;
}

/* Why the key, which may be NULL, is insufficient; charges its rate. */
static enum refusal_reason judge_key(const struct api_keys *keys,
                                     struct bytes bearer, struct api_key *key,
                                     unsigned scope)
{
    if (api_keys_are_none(keys))
        return REFUSAL_API_OFF;
    if (!bearer.len)
        return REFUSAL_API_KEY_MISSING;
    if (!key)
        return REFUSAL_API_KEY_UNKNOWN;
    if (!api_key_take(key, clock_steady_ms()))
        return REFUSAL_API_RATE;
    return api_key_may(key, scope) ? REFUSAL_NONE : REFUSAL_API_SCOPE;
}

bool api_access_judge(struct api_keys *keys, struct worker *worker,
                      const struct api_request *request, unsigned scope,
                      const struct api_key **key, struct api_response *response)
{
    struct bytes bearer = api_access_bearer(request->authorization);
    struct api_key *found = api_keys_find(keys, bearer);
    enum refusal_reason reason = judge_key(keys, bearer, found, scope);
    *key = found;
    if (reason == REFUSAL_NONE)
        return true;
    if (reason == REFUSAL_API_RATE)
        metrics_add(&worker->metrics, METRIC_LIMIT_API_RATE, 1);
    if (refusal_reason_info(reason)->status == 401 &&
        !refusals_take(worker->instance, REFUSER_PEAL, &request->client)) {
        metrics_add(&worker->metrics, METRIC_LIMIT_REFUSALS, 1);
        reason = REFUSAL_RATE;
    }
    refuse(worker, request, reason, response);
    return false;
}

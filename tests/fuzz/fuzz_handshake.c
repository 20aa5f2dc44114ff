/* The fields of a handshake, one per line, checked like in the server; and the
 * same lines as a plain request. */
#include <stdlib.h>

#include "api/api.h"
#include "auth/auth.h"
#include "base/json.h"
#include "base/memory.h"
#include "fakes/fake_instance.h"
#include "fakes/fake_token.h"
#include "fuzz.h"
#include "protocols/protocols.h"

static struct fake_instance *fake;
static struct auth *auth;
static struct api *api;

static bool is_ready(void *arg, const char **why)
{
    (void)arg;
    *why = "Draining";
    return false;
}

static bool origin_is_allowed(void *arg, struct bytes origin, struct bytes host,
                              bool is_secure)
{
    (void)arg;
    return auth_origin_is_allowed(auth, origin, host, is_secure);
}

static void write_metrics(void *arg, struct buffer *out)
{
    (void)arg;
    buffer_append_text(out, "peal_connections 0\n");
}

static void set_up(void)
{
    struct error error;
    struct auth_options options = {
        .secret = (char *)FAKE_TOKEN_SECRET,
        .query_token = true,
        .default_protocol = (char *)"echo",
        .default_caps = caps_everything(),
    };
    text_list_add(&options.algorithms, "HS256");
    text_list_add(&options.origins, "https://*.example.org");
    fake = fake_instance_new(1);
    auth = auth_new(&options, protocols, &error);
    api = api_new(&(struct api_sources){.is_ready = is_ready,
                                        .origin_is_allowed = origin_is_allowed,
                                        .write_metrics = write_metrics},
                  &(struct api_options){0}, NULL, &error);
    PANIC_IF(!auth || !api);
    caps_unref(options.default_caps);
    text_list_deinit(&options.algorithms);
    text_list_deinit(&options.origins);
}

static struct bytes next_line(struct bytes *rest)
{
    if (!rest->len)
        return (struct bytes){0};
    const char *end = memchr(rest->data, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    struct bytes line = {rest->data, len};
    *rest = bytes_skip(*rest, len + 1);
    return line;
}

static void judge(const struct handshake *handshake)
{
    struct verdict verdict;
    auth_judge(auth, handshake, &verdict);
    if (verdict.status == 101) {
        PANIC_IF(!client_id_is_valid(bytes_of(verdict.client_id)));
        PANIC_IF(!verdict.protocol);
        identity_deinit(&verdict.identity);
    } else if (verdict.status != VERDICT_TICKET) {
        PANIC_IF(verdict.status < 400 || !verdict.error);
    }
}

static void serve(const struct handshake *handshake)
{
    struct api_response response = {0};
    const struct api_request request = {.method = handshake->method,
                                        .path = handshake->path,
                                        .host = handshake->host,
                                        .origin = handshake->origin,
                                        .if_none_match = handshake->key};
    /* no key, no call */
    PANIC_IF(api_serve(api, &fake->workers[0], &request, &response));
    PANIC_IF(response.status < 200 || !api_status_text(response.status));
    api_response_deinit(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!auth)
        set_up();
    struct bytes rest = {(const char *)data, size};
    struct handshake handshake = {0};
    struct bytes *fields[] = {
        &handshake.method,        &handshake.path,
        &handshake.version,       &handshake.key,
        &handshake.host,          &handshake.origin,
        &handshake.authorization, &handshake.cookie,
        &handshake.subprotocols,  &handshake.query_protocol,
        &handshake.query_token,
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i] = next_line(&rest);
    judge(&handshake);
    serve(&handshake);
    return 0;
}

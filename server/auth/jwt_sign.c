/* The signing half of jwt.h. */
#include <cjose/base64.h>
#include <cjose/header.h>
#include <cjose/jws.h>
#include <cjose/util.h>
#include <openssl/err.h>

#include "auth/jwt.h"
#include "auth/jwt_algorithm.h"
#include "auth/jwt_edwards.h"

static void append_text(struct buffer *out, const char *name, const char *text)
{
    if (!text)
        return;
    buffer_append_format(out, ",\"%s\":", name);
    buffer_append_json_string(out, bytes_of(text));
}

static void append_payload(struct buffer *out,
                           const struct jwt_content *content)
{
    const char *claim = content->client_claim ? content->client_claim : "sub";
    buffer_append_char(out, '{');
    buffer_append_json_string(out, bytes_of(claim));
    buffer_append_char(out, ':');
    buffer_append_json_string(out, bytes_of(content->subject));
    buffer_append_format(out, ",\"iat\":%lld,\"exp\":%lld",
                         (long long)content->issued_seconds,
                         (long long)content->expires_seconds);
    append_text(out, "aud", content->audience);
    append_text(out, "iss", content->issuer);
    if (content->caps)
        buffer_append_format(out, ",\"caps\":%s", content->caps);
    if (content->info)
        buffer_append_format(out, ",\"info\":%s", content->info);
    if (content->generation)
        buffer_append_format(out, ",\"gen\":%u", content->generation);
    buffer_append_char(out, '}');
}

static cjose_header_t *header_for(const struct jwk *key)
{
    const struct jwt_algorithm *algorithm =
        jwt_algorithm_first(key->algorithms);
    cjose_header_t *header = cjose_header_new(NULL);
    if (algorithm && header &&
        cjose_header_set(header, CJOSE_HDR_ALG, algorithm->name, NULL) &&
        cjose_header_set(header, "typ", "JWT", NULL) &&
        (!key->kid || cjose_header_set(header, CJOSE_HDR_KID, key->kid, NULL)))
        return header;
    cjose_header_release(header);
    return NULL;
}

static bool append_base64url(struct buffer *out, struct bytes bytes)
{
    char *text = NULL;
    size_t len = 0;
    bool ok = cjose_base64url_encode((const uint8_t *)bytes.data, bytes.len,
                                     &text, &len, NULL);
    if (ok)
        buffer_append(out, (struct bytes){text, len});
    cjose_get_dealloc()(text);
    return ok;
}

static bool append_edwards(const struct jwk *key, struct bytes payload,
                           struct buffer *out)
{
    static const struct bytes header =
        BYTES_LITERAL("{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}");
    uint8_t signature[JWT_EDWARDS_BYTES];
    if (!append_base64url(out, header))
        return false;
    buffer_append_char(out, '.');
    if (!append_base64url(out, payload) ||
        !jwt_edwards_sign(key->edwards, buffer_bytes(out), signature))
        return false;
    buffer_append_char(out, '.');
    return append_base64url(
        out, (struct bytes){(char *)signature, sizeof signature});
}

static bool append_native(const struct jwk *key, struct bytes payload,
                          struct buffer *out)
{
    cjose_header_t *header = header_for(key);
    cjose_jws_t *jws = header ? cjose_jws_sign(key->native, header,
                                               (const uint8_t *)payload.data,
                                               payload.len, NULL)
                              : NULL;
    const char *token = NULL;
    bool ok = jws && cjose_jws_export(jws, &token, NULL);
    if (ok)
        buffer_append_text(out, token);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return ok;
}

static bool append_signed(const struct jwk *key, struct bytes payload,
                          struct buffer *out, struct error *error)
{
    const char *why;
    if (!json_scan_object(payload, NULL, 0, &why))
        return error_set(error, "caps: %s", why);
    bool ok = key->edwards ? append_edwards(key, payload, out)
                           : append_native(key, payload, out);
    ERR_clear_error();
    return ok || error_set(error, "the key cannot sign");
}

bool jwt_sign(const struct jwk_set *keys, const struct jwt_content *content,
              struct buffer *out, struct error *error)
{
    if (!keys->count)
        return error_set(error, "no key to sign with");
    struct buffer payload = {0};
    append_payload(&payload, content);
    bool ok =
        append_signed(&keys->items[0], buffer_bytes(&payload), out, error);
    buffer_deinit(&payload);
    return ok;
}

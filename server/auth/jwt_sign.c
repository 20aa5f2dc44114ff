/* The making half of jwt.h. */
#include <cjose/header.h>
#include <cjose/jws.h>
#include <openssl/err.h>

#include "auth/jwt.h"
#include "auth/jwt_algorithm.h"

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
    buffer_append_text(out, "{\"sub\":");
    buffer_append_json_string(out, bytes_of(content->subject));
    buffer_append_format(out, ",\"iat\":%lld,\"exp\":%lld",
                         (long long)content->issued_seconds,
                         (long long)content->expires_seconds);
    append_text(out, "aud", content->audience);
    append_text(out, "iss", content->issuer);
    if (content->caps)
        buffer_append_format(out, ",\"caps\":%s", content->caps);
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

static bool append_signed(const struct jwk *key, struct bytes payload,
                          struct buffer *out, struct error *error)
{
    const char *why;
    if (!json_scan_object(payload, NULL, 0, &why))
        return error_set(error, "caps: %s", why);
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

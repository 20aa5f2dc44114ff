/* libcjose 0.6 checks signatures; what it does not check, or not in time, is
 * checked here before it sees the token:
 *
 * - That the key's kind fits the algorithm. cjose would feed the memory of an
 *   RSA key into an HMAC before it looks.
 * - That the signature is as long as the algorithm's. cjose compares an HMAC
 *   with what lies behind a shorter one.
 * - The header. cjose leaks the token when there is no "alg" in it, imports
 *   "none", and knows nothing of "crit".
 */
#include "auth/jwt_signature.h"

#include <cjose/base64.h>
#include <cjose/jwk.h>
#include <cjose/jws.h>
#include <cjose/util.h>
#include <openssl/err.h>

#include "auth/jwt_algorithm.h"
#include "base/json.h"

struct parts {
    struct bytes header;
    struct bytes payload;
    struct bytes signature;
};

struct header {
    const struct jwt_algorithm *algorithm; /* NULL: one we do not know */
    bool has_kid;
    char kid[256];
    size_t kid_len;
};

static bool refuse(const char **why, const char *reason)
{
    *why = reason;
    return false;
}

static bool is_base64url_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Cuts the text before the first dot (or all) off `rest`; false when it is
 * not base64url. */
static bool cut_part(struct bytes *rest, struct bytes *part)
{
    const char *dot = memchr(rest->data, '.', rest->len);
    size_t len = dot ? (size_t)(dot - rest->data) : rest->len;
    *part = (struct bytes){rest->data, len};
    *rest = bytes_skip(*rest, dot ? len + 1 : len);
    for (size_t i = 0; i < len; i++)
        if (!is_base64url_char((unsigned char)part->data[i]))
            return false;
    return len > 0 && len % 4 != 1;
}

static bool split(struct bytes token, struct parts *parts)
{
    struct bytes rest = token;
    return token.len > 0 && cut_part(&rest, &parts->header) &&
           cut_part(&rest, &parts->payload) &&
           cut_part(&rest, &parts->signature) && rest.len == 0 &&
           token.data[token.len - 1] != '.';
}

static size_t decoded_len(struct bytes base64url)
{
    return base64url.len * 3 / 4;
}

static bool read_kid(struct bytes raw, struct header *header)
{
    header->has_kid = raw.len > 0;
    return !header->has_kid ||
           json_decode_string(raw, header->kid, sizeof header->kid,
                              &header->kid_len);
}

static bool read_members(struct bytes text, struct header *header,
                         const char **why)
{
    struct json_slot slots[] = {
        {.name = "alg"}, {.name = "kid"}, {.name = "crit"}};
    const char *syntax;
    char alg[16];
    size_t alg_len;
    if (!json_scan_object(text, slots, 3, &syntax) || !slots[0].raw.len)
        return refuse(why, "malformed header");
    if (slots[2].raw.len)
        return refuse(why, "unknown critical header");
    if (!read_kid(slots[1].raw, header))
        return refuse(why, "unknown key");
    header->algorithm =
        json_decode_string(slots[0].raw, alg, sizeof alg, &alg_len)
            ? jwt_algorithm_find((struct bytes){alg, alg_len})
            : NULL;
    return true;
}

static bool read_header(struct bytes base64url, struct header *header,
                        const char **why)
{
    uint8_t *text = NULL;
    size_t len = 0;
    bool ok =
        cjose_base64url_decode(base64url.data, base64url.len, &text, &len, NULL)
            ? read_members((struct bytes){(char *)text, len}, header, why)
            : refuse(why, "malformed header");
    cjose_get_dealloc()(text);
    return ok;
}

/* A key without a name of its own is tried for every name. */
static bool is_named(const struct jwk *key, const struct header *header)
{
    return !header->has_kid || !key->kid ||
           bytes_equal((struct bytes){header->kid, header->kid_len},
                       bytes_of(key->kid));
}

static size_t signature_len(const struct jwk *key,
                            const struct jwt_algorithm *algorithm)
{
    return algorithm->signature_bytes ? algorithm->signature_bytes
                                      : key->size_bytes;
}

/* How far a key got; the one that got farthest gives the reason. */
enum attempt { DOES_NOT_FIT, HAS_ANOTHER_NAME, DOES_NOT_VERIFY, VERIFIES };

static enum attempt try_key(const struct jwk *key, const struct header *header,
                            size_t len, cjose_jws_t *jws)
{
    if (!(key->algorithms & jwt_algorithm_bit(header->algorithm)))
        return DOES_NOT_FIT;
    if (!is_named(key, header))
        return HAS_ANOTHER_NAME;
    return len == signature_len(key, header->algorithm) &&
                   cjose_jws_verify(jws, key->native, NULL)
               ? VERIFIES
               : DOES_NOT_VERIFY;
}

static bool check_signature(const struct jwk_set *keys,
                            const struct header *header, size_t len,
                            cjose_jws_t *jws, const char **why)
{
    static const char *const reasons[] = {
        [DOES_NOT_FIT] = "no key fits the algorithm",
        [HAS_ANOTHER_NAME] = "unknown key",
        [DOES_NOT_VERIFY] = "bad signature",
    };
    enum attempt best = DOES_NOT_FIT;
    for (size_t i = 0; i < keys->count; i++) {
        enum attempt attempt = try_key(&keys->items[i], header, len, jws);
        if (attempt == VERIFIES)
            return true;
        if (attempt > best)
            best = attempt;
        /* what OpenSSL noted would confuse whoever uses TLS next here */
        ERR_clear_error();
    }
    return refuse(why, reasons[best]);
}

/* Whether cjose read the same algorithm out of the header as we did. */
static bool agrees(cjose_jws_t *jws, const struct header *header)
{
    const char *alg =
        cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_ALG, NULL);
    return alg && strcmp(alg, header->algorithm->name) == 0;
}

static bool open_token(const struct jwk_set *keys, const struct header *header,
                       struct bytes token, size_t len,
                       struct jwt_payload *payload, const char **why)
{
    cjose_jws_t *jws = cjose_jws_import(token.data, token.len, NULL);
    if (!jws)
        return refuse(why, "malformed");
    uint8_t *text;
    size_t text_len;
    if (!(agrees(jws, header) || refuse(why, "malformed header")) ||
        !check_signature(keys, header, len, jws, why) ||
        !cjose_jws_get_plaintext(jws, &text, &text_len, NULL)) {
        cjose_jws_release(jws);
        return false;
    }
    payload->text = (struct bytes){(char *)text, text_len};
    payload->native = jws;
    return true;
}

bool jwt_signature_open(const struct jwk_set *keys, unsigned algorithms,
                        struct bytes token, struct jwt_payload *payload,
                        const char **why)
{
    struct parts parts;
    struct header header = {0};
    if (!split(token, &parts))
        return refuse(why, "malformed");
    if (!read_header(parts.header, &header, why))
        return false;
    if (!header.algorithm ||
        !(algorithms & jwt_algorithm_bit(header.algorithm)))
        return refuse(why, "algorithm not allowed");
    return open_token(keys, &header, token, decoded_len(parts.signature),
                      payload, why);
}

void jwt_payload_close(struct jwt_payload *payload)
{
    cjose_jws_release(payload->native);
    *payload = (struct jwt_payload){0};
}

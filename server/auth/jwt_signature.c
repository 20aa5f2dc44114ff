/* libcjose 0.6 verifies signatures. What it does not check, or not in time, is
 * checked here before it gets the token:
 *
 * - That the key's kind fits the algorithm. cjose would feed the memory of an
 *   RSA key into an HMAC before it looks.
 * - That the signature is as long as the algorithm's. cjose compares an HMAC
 *   with what lies behind a shorter one.
 * - The header. cjose leaks the token when there is no "alg" in it, imports
 *   "none", and knows nothing of "crit". */
#include "auth/jwt_signature.h"

#include <cjose/base64.h>
#include <cjose/jwk.h>
#include <cjose/jws.h>
#include <cjose/util.h>
#include <openssl/err.h>

#include "auth/jwt_algorithm.h"
#include "auth/jwt_edwards.h"
#include "base/json.h"

struct parts {
    struct bytes header;
    struct bytes payload;
    struct bytes signature;
};

struct header {
    const struct jwt_algorithm *algorithm; /* NULL: an unknown one */
    bool has_kid;
    char kid[256];
    size_t kid_len;
};

static bool refuse(enum jwt_fault *why, enum jwt_fault fault)
{
    *why = fault;
    return false;
}

static bool is_base64url_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Removes the text before the first dot (or all) from `rest`; false if it is
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
                         enum jwt_fault *why)
{
    struct json_slot slots[] = {
        {.name = "alg"}, {.name = "kid"}, {.name = "crit", .keeps_null = true}};
    const char *syntax;
    char alg[16];
    size_t alg_len;
    if (!json_scan_token(text, slots, 3, &syntax) || !slots[0].raw.len)
        return refuse(why, JWT_MALFORMED_HEADER);
    if (slots[2].raw.len)
        return refuse(why, JWT_UNKNOWN_CRITICAL_HEADER);
    if (!read_kid(slots[1].raw, header))
        return refuse(why, JWT_UNKNOWN_KEY);
    header->algorithm =
        json_decode_string(slots[0].raw, alg, sizeof alg, &alg_len)
            ? jwt_algorithm_find((struct bytes){alg, alg_len})
            : NULL;
    return true;
}

static bool read_header(struct bytes base64url, struct header *header,
                        enum jwt_fault *why)
{
    uint8_t *text = NULL;
    size_t len = 0;
    bool ok =
        cjose_base64url_decode(base64url.data, base64url.len, &text, &len, NULL)
            ? read_members((struct bytes){(char *)text, len}, header, why)
            : refuse(why, JWT_MALFORMED_HEADER);
    cjose_get_dealloc()(text);
    return ok;
}

/* A key without an id is tried for every id. */
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

/* How far verification with a key got; the farthest determines the reason. */
enum attempt { DOES_NOT_FIT, HAS_ANOTHER_NAME, DOES_NOT_VERIFY, VERIFIES };

/* A token whose header has been parsed. */
struct token {
    struct header header;
    struct bytes text;      /* what is signed: header and payload */
    struct bytes signature; /* decoded; only for EdDSA */
    size_t signature_len;
    cjose_jws_t *jws; /* NULL for EdDSA, which libcjose lacks */
};

static bool verifies(const struct jwk *key, const struct token *token)
{
    if (key->edwards)
        return jwt_edwards_verify(key->edwards, token->text, token->signature);
    return token->jws && cjose_jws_verify(token->jws, key->native, NULL);
}

static enum attempt try_key(const struct jwk *key, const struct token *token)
{
    const struct header *header = &token->header;
    if (!(key->algorithms & jwt_algorithm_bit(header->algorithm)))
        return DOES_NOT_FIT;
    if (!is_named(key, header))
        return HAS_ANOTHER_NAME;
    return token->signature_len == signature_len(key, header->algorithm) &&
                   verifies(key, token)
               ? VERIFIES
               : DOES_NOT_VERIFY;
}

static bool check_signature(const struct jwk_set *keys,
                            const struct token *token, enum jwt_fault *why)
{
    static const enum jwt_fault faults[] = {
        [DOES_NOT_FIT] = JWT_NO_KEY_FITS_ALGORITHM,
        [HAS_ANOTHER_NAME] = JWT_UNKNOWN_KEY,
        [DOES_NOT_VERIFY] = JWT_BAD_SIGNATURE,
    };
    enum attempt best = DOES_NOT_FIT;
    for (size_t i = 0; i < keys->count; i++) {
        enum attempt attempt = try_key(&keys->items[i], token);
        if (attempt == VERIFIES)
            return true;
        if (attempt > best)
            best = attempt;
        /* a leftover OpenSSL error would confuse the next TLS call on this
         * thread */
        ERR_clear_error();
    }
    return refuse(why, faults[best]);
}

/* Whether cjose read the same algorithm from the header. */
static bool agrees(cjose_jws_t *jws, const struct header *header)
{
    const char *alg =
        cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_ALG, NULL);
    return alg && strcmp(alg, header->algorithm->name) == 0;
}

static bool open_token(const struct jwk_set *keys, struct token *token,
                       struct bytes whole, struct jwt_payload *payload,
                       enum jwt_fault *why)
{
    cjose_jws_t *jws = cjose_jws_import(whole.data, whole.len, NULL);
    if (!jws)
        return refuse(why, JWT_MALFORMED);
    uint8_t *text;
    size_t text_len;
    token->jws = jws;
    if (!(agrees(jws, &token->header) || refuse(why, JWT_MALFORMED_HEADER)) ||
        !check_signature(keys, token, why) ||
        !(cjose_jws_get_plaintext(jws, &text, &text_len, NULL) ||
          refuse(why, JWT_MALFORMED))) {
        cjose_jws_release(jws);
        return false;
    }
    payload->text = (struct bytes){(char *)text, text_len};
    payload->native = jws;
    return true;
}

/* The same without libcjose. */
static bool open_edwards(const struct jwk_set *keys, struct token *token,
                         const struct parts *parts, struct jwt_payload *payload,
                         enum jwt_fault *why)
{
    uint8_t *signature = NULL;
    uint8_t *text = NULL;
    size_t text_len = 0;
    bool ok =
        cjose_base64url_decode(parts->signature.data, parts->signature.len,
                               &signature, &token->signature.len, NULL) &&
        cjose_base64url_decode(parts->payload.data, parts->payload.len, &text,
                               &text_len, NULL);
    token->signature.data = (char *)signature;
    ok = ok ? check_signature(keys, token, why) : refuse(why, JWT_MALFORMED);
    cjose_get_dealloc()(signature);
    if (!ok) {
        cjose_get_dealloc()(text);
        return false;
    }
    payload->text = (struct bytes){(char *)text, text_len};
    payload->decoded = text;
    return true;
}

bool jwt_signature_open(const struct jwk_set *keys, unsigned algorithms,
                        struct bytes token, struct jwt_payload *payload,
                        enum jwt_fault *why)
{
    struct parts parts;
    struct token opened = {.header = {.algorithm = NULL}};
    const struct header *header = &opened.header;
    *payload = (struct jwt_payload){0};
    if (!split(token, &parts))
        return refuse(why, JWT_MALFORMED);
    if (!read_header(parts.header, &opened.header, why))
        return false;
    if (!header->algorithm ||
        !(algorithms & jwt_algorithm_bit(header->algorithm)))
        return refuse(why, JWT_ALGORITHM_NOT_ALLOWED);
    opened.signature_len = decoded_len(parts.signature);
    opened.text = (struct bytes){
        token.data, (size_t)(parts.signature.data - 1 - token.data)};
    return header->algorithm->kind == JWT_KEY_ED25519
               ? open_edwards(keys, &opened, &parts, payload, why)
               : open_token(keys, &opened, token, payload, why);
}

void jwt_payload_close(struct jwt_payload *payload)
{
    cjose_jws_release(payload->native);
    cjose_get_dealloc()(payload->decoded);
    *payload = (struct jwt_payload){0};
}

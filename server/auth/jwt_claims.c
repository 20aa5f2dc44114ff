/* The claims half of jwt.h. One scan finds the claims in the payload; only an
 * audience that is a list, and caps, need a tree. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/jwt.h"
#include "messaging/info.h"

bool jwt_claim_is_taken(const char *claim)
{
    static const char *const taken[] = {"exp", "nbf",  "iat",  "aud",
                                        "iss", "caps", "info", "gen"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(claim, taken[i]) == 0)
            return true;
    return false;
}

enum claim { SUB, EXP, NBF, IAT, AUD, ISS, INFO, CAPS, GEN, CLAIMS };

/* 9999-12-31T23:59:59Z and the negative; values beyond are probably
 * milliseconds */
static const double date_max = 253402300799.0;

static bool refuse(enum jwt_fault *why, enum jwt_fault fault)
{
    *why = fault;
    return false;
}

/* A NumericDate (RFC 7519, section 2): a JSON number, maybe with a fraction. */
static bool read_date(struct bytes raw, double *date)
{
    char text[32];
    if (raw.len >= sizeof text || strchr("-0123456789", raw.data[0]) == NULL)
        return false;
    memcpy(text, raw.data, raw.len);
    text[raw.len] = '\0';
    *date = strtod(text, NULL);
    return *date >= -date_max && *date <= date_max;
}

static bool check_expiry(struct bytes raw, const struct jwt_rules *rules,
                         int64_t now, struct jwt_claims *claims,
                         enum jwt_fault *why)
{
    double date;
    if (!raw.len)
        return refuse(why, JWT_EXP_MISSING);
    if (!read_date(raw, &date))
        return refuse(why, JWT_EXP_NOT_DATE);
    double refused = date + rules->leeway_seconds;
    claims->expires_seconds = (int64_t)refused;
    return (double)now < refused || refuse(why, JWT_EXPIRED);
}

static bool check_start(struct bytes raw, const struct jwt_rules *rules,
                        int64_t now, enum jwt_fault *why)
{
    double date;
    if (!raw.len)
        return true;
    if (!read_date(raw, &date))
        return refuse(why, JWT_NBF_NOT_DATE);
    return (double)now >= date - rules->leeway_seconds ||
           refuse(why, JWT_NOT_YET_VALID);
}

/* The time of issue does not affect validity (RFC 7519, section 4.1.6), but
 * must be a number. */
static bool check_issued(struct bytes raw, enum jwt_fault *why)
{
    double date;
    return !raw.len || read_date(raw, &date) || refuse(why, JWT_IAT_NOT_DATE);
}

/* Uses the digits, because a double would round an id of 20 digits. */
static bool copy_digits(struct bytes raw, char out[CLIENT_ID_MAX],
                        struct bytes *id)
{
    if (raw.len > CLIENT_ID_MAX)
        return false;
    for (size_t i = 0; i < raw.len; i++)
        if (raw.data[i] < '0' || raw.data[i] > '9')
            return false;
    *id = (struct bytes){memcpy(out, raw.data, raw.len), raw.len};
    return true;
}

/* Some issuers number their users. 50.0 and 5e1 are 50. */
static bool read_number(struct bytes raw, char out[CLIENT_ID_MAX],
                        struct bytes *id)
{
    uint64_t number;
    if (copy_digits(raw, out, id))
        return true;
    if (!json_decode_whole(raw, &number))
        return false;
    int len = snprintf(out, CLIENT_ID_MAX, "%" PRIu64, number);
    *id = (struct bytes){out, (size_t)len};
    return true;
}

static bool read_client(struct bytes raw, bool is_sub,
                        struct jwt_claims *claims, enum jwt_fault *why)
{
    struct bytes id;
    if (!raw.len)
        return refuse(why, is_sub ? JWT_SUB_MISSING : JWT_CLAIM_MISSING);
    if (!read_number(raw, claims->subject, &id) &&
        !client_id_decode(raw, claims->subject, &id, NULL))
        return refuse(why,
                      is_sub ? JWT_SUB_NOT_CLIENT_ID : JWT_CLAIM_NOT_CLIENT_ID);
    claims->subject[id.len] = '\0';
    return true;
}

static bool text_is(struct bytes raw, const char *expected)
{
    char text[JWT_NAME_MAX + 1];
    size_t len;
    return json_decode_string(raw, text, sizeof text, &len) &&
           bytes_equal((struct bytes){text, len}, bytes_of(expected));
}

static bool list_holds(const struct json *list, const char *expected)
{
    for (const struct json *item = json_first(list); item;
         item = json_next(item))
        if (json_type_of(item) == JSON_STRING &&
            strcmp(json_text(item), expected) == 0)
            return true;
    return false;
}

static bool check_audience(struct bytes raw, const char *expected,
                           enum jwt_fault *why)
{
    if (!expected || text_is(raw, expected))
        return true;
    bool holds = false;
    if (raw.len && raw.data[0] == '[') {
        struct error error;
        struct json *list = json_parse(raw, false, &error);
        holds = list && list_holds(list, expected);
        json_free(list);
    }
    return holds || refuse(why, JWT_WRONG_AUDIENCE);
}

static bool check_issuer(struct bytes raw, const char *expected,
                         enum jwt_fault *why)
{
    return !expected || text_is(raw, expected) || refuse(why, JWT_WRONG_ISSUER);
}

static bool read_info(struct bytes raw, struct jwt_claims *claims,
                      enum jwt_fault *why)
{
    struct error error;
    if (!raw.len)
        return true;
    claims->info = info_read(raw, &error);
    return claims->info || refuse(why, JWT_BAD_INFO);
}

/* The claim has no meaning in tokens of other issuers. */
static void read_generation(struct bytes raw, struct jwt_claims *claims)
{
    uint64_t number;
    if (json_decode_whole(raw, &number) && number <= UINT32_MAX)
        claims->generation = (uint32_t)number;
}

static bool read_caps(struct bytes raw, struct jwt_claims *claims,
                      enum jwt_fault *why)
{
    if (!raw.len)
        return true;
    struct error error;
    struct json *list = json_parse(raw, false, &error);
    claims->caps = list ? caps_parse(list, &error) : NULL;
    json_free(list);
    if (claims->caps)
        caps_take_literally(claims->caps, bytes_of(claims->subject));
    return claims->caps || refuse(why, JWT_BAD_CAPS);
}

void jwt_claims_deinit(struct jwt_claims *claims)
{
    caps_unref(claims->caps);
    free(claims->info);
    claims->caps = NULL;
    claims->info = NULL;
}

bool jwt_claims_read(struct bytes payload, const struct jwt_rules *rules,
                     int64_t now_seconds, struct jwt_claims *claims,
                     enum jwt_fault *why)
{
    const char *claim = rules->client_claim ? rules->client_claim : "sub";
    struct json_slot slots[CLAIMS] = {
        [SUB] = {.name = claim},   [EXP] = {.name = "exp"},
        [NBF] = {.name = "nbf"},   [IAT] = {.name = "iat"},
        [AUD] = {.name = "aud"},   [ISS] = {.name = "iss"},
        [INFO] = {.name = "info"}, [CAPS] = {.name = "caps"},
        [GEN] = {.name = "gen"},
    };
    const char *syntax;
    bool is_sub = strcmp(claim, "sub") == 0;
    *claims = (struct jwt_claims){0};
    if (!json_scan_token(payload, slots, CLAIMS, &syntax))
        return refuse(why, JWT_MALFORMED_CLAIMS);
    read_generation(slots[GEN].raw, claims);
    if (read_client(slots[SUB].raw, is_sub, claims, why) &&
        check_expiry(slots[EXP].raw, rules, now_seconds, claims, why) &&
        check_start(slots[NBF].raw, rules, now_seconds, why) &&
        check_issued(slots[IAT].raw, why) &&
        check_audience(slots[AUD].raw, rules->audience, why) &&
        check_issuer(slots[ISS].raw, rules->issuer, why) &&
        read_caps(slots[CAPS].raw, claims, why) &&
        read_info(slots[INFO].raw, claims, why))
        return true;
    jwt_claims_deinit(claims);
    return false;
}

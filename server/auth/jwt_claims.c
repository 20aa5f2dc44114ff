/* The claims half of jwt.h. One scan finds the claims in the payload; only an
 * audience that is a list, and caps, need a tree. */
#include <stdlib.h>

#include "auth/jwt.h"

const char jwt_expired[] = "expired";

enum claim { SUB, EXP, NBF, IAT, AUD, ISS, CAPS, CLAIMS };

/* 9999-12-31T23:59:59Z and as far the other way: beyond, somebody counts in
 * milliseconds */
static const double date_max = 253402300799.0;

static bool refuse(const char **why, const char *reason)
{
    *why = reason;
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
                         const char **why)
{
    double date;
    if (!raw.len)
        return refuse(why, "exp is missing");
    if (!read_date(raw, &date))
        return refuse(why, "exp is not a date");
    double refused = date + rules->leeway_seconds;
    claims->expires_seconds = (int64_t)refused;
    return (double)now < refused || refuse(why, jwt_expired);
}

static bool check_start(struct bytes raw, const struct jwt_rules *rules,
                        int64_t now, const char **why)
{
    double date;
    if (!raw.len)
        return true;
    if (!read_date(raw, &date))
        return refuse(why, "nbf is not a date");
    return (double)now >= date - rules->leeway_seconds ||
           refuse(why, "not yet valid");
}

/* Says when the token was made and nothing about when it is valid (RFC 7519,
 * section 4.1.6), but must be a number. */
static bool check_issued(struct bytes raw, const char **why)
{
    double date;
    return !raw.len || read_date(raw, &date) ||
           refuse(why, "iat is not a date");
}

static bool read_subject(struct bytes raw, struct jwt_claims *claims,
                         const char **why)
{
    size_t len;
    if (!raw.len)
        return refuse(why, "sub is missing");
    if (!json_decode_string(raw, claims->subject, CLIENT_ID_MAX, &len) ||
        !client_id_is_valid((struct bytes){claims->subject, len}))
        return refuse(why, "sub is not a client id");
    claims->subject[len] = '\0';
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
                           const char **why)
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
    return holds || refuse(why, "wrong audience");
}

static bool check_issuer(struct bytes raw, const char *expected,
                         const char **why)
{
    return !expected || text_is(raw, expected) || refuse(why, "wrong issuer");
}

/* The last check, so that no later one has to give the caps back. */
static bool read_caps(struct bytes raw, struct jwt_claims *claims,
                      const char **why)
{
    if (!raw.len)
        return true;
    struct error error;
    struct json *list = json_parse(raw, false, &error);
    claims->caps = list ? caps_parse(list, &error) : NULL;
    json_free(list);
    return claims->caps || refuse(why, "bad caps");
}

bool jwt_claims_read(struct bytes payload, const struct jwt_rules *rules,
                     int64_t now_seconds, struct jwt_claims *claims,
                     const char **why)
{
    struct json_slot slots[CLAIMS] = {
        [SUB] = {.name = "sub"},   [EXP] = {.name = "exp"},
        [NBF] = {.name = "nbf"},   [IAT] = {.name = "iat"},
        [AUD] = {.name = "aud"},   [ISS] = {.name = "iss"},
        [CAPS] = {.name = "caps"},
    };
    const char *syntax;
    *claims = (struct jwt_claims){0};
    if (!json_scan_object(payload, slots, CLAIMS, &syntax))
        return refuse(why, "malformed claims");
    return read_subject(slots[SUB].raw, claims, why) &&
           check_expiry(slots[EXP].raw, rules, now_seconds, claims, why) &&
           check_start(slots[NBF].raw, rules, now_seconds, why) &&
           check_issued(slots[IAT].raw, why) &&
           check_audience(slots[AUD].raw, rules->audience, why) &&
           check_issuer(slots[ISS].raw, rules->issuer, why) &&
           read_caps(slots[CAPS].raw, claims, why);
}

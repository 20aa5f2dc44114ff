#include "auth/jwt.h"

#include "auth/jwt_signature.h"

bool jwt_verify(const struct jwk_set *keys, const struct jwt_rules *rules,
                struct bytes token, int64_t now_seconds,
                struct jwt_claims *claims, enum jwt_fault *why)
{
    struct jwt_payload payload;
    if (!jwt_signature_open(keys, rules->algorithms, token, &payload, why))
        return false;
    bool ok = jwt_claims_read(payload.text, rules, now_seconds, claims, why);
    jwt_payload_close(&payload);
    return ok;
}

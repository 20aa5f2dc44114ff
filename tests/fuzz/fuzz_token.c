/* Tokens: the input as a complete token, as the payload of a correctly signed
 * one, and as its header. */
#include <stdlib.h>

#include "auth/jwt.h"
#include "auth/jwt_algorithm.h"
#include "base/memory.h"
#include "fakes/fake_keys.h"
#include "fakes/fake_token.h"
#include "fuzz.h"

enum { NOW = 1700000000 };

static struct jwk_set keys;

static void verify(struct bytes token)
{
    const struct jwt_rules rules = {.algorithms = ~0u,
                                    .audience = "peal",
                                    .issuer = "me",
                                    .leeway_seconds = 30};
    struct jwt_claims claims;
    enum jwt_fault why = JWT_GOOD;
    if (!jwt_verify(&keys, &rules, token, NOW, &claims, &why)) {
        PANIC_IF(!jwt_fault_text(why));
        return;
    }
    PANIC_IF(claims.expires_seconds < NOW);
    PANIC_IF(!client_id_is_valid(bytes_of(claims.subject)));
    jwt_claims_deinit(&claims);
}

static void verify_made(const char *header, const char *payload)
{
    char *token = fake_token(header, payload, FAKE_TOKEN_SECRET);
    verify(bytes_of(token));
    free(token);
}

static void read_claims(struct bytes payload)
{
    const struct jwt_rules rules = {.leeway_seconds = 30};
    struct jwt_claims claims;
    enum jwt_fault why = JWT_GOOD;
    if (jwt_claims_read(payload, &rules, NOW, &claims, &why))
        jwt_claims_deinit(&claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char good[] =
        "{\"sub\":\"a\",\"exp\":1800000000,\"aud\":\"peal\",\"iss\":\"me\"}";
    if (!keys.count)
        keys = fake_keys_all();
    if (!size)
        return 0;
    char *text = memory_new(size, 1);
    memcpy(text, data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        verify((struct bytes){text, size - 1});
        break;
    case 1:
        verify_made("{\"alg\":\"HS256\"}", text);
        break;
    case 2:
        verify_made(text, good);
        break;
    default:
        read_claims((struct bytes){text, size - 1});
    }
    free(text);
    return 0;
}

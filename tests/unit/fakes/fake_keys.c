#include "fake_keys.h"

#include <stdio.h>
#include <stdlib.h>

#include "fake_token.h"

static void end_unless(bool ok, const struct error *error)
{
    if (ok)
        return;
    fprintf(stderr, "%s\n", error->text);
    abort();
}

struct jwk_set fake_keys_secret(void)
{
    struct error error;
    struct jwk_set keys = {0};
    end_unless(jwk_set_add_secret(&keys, FAKE_TOKEN_SECRET, &error), &error);
    return keys;
}

struct jwk_set fake_keys_all(void)
{
    struct jwk_set keys = fake_keys_secret();
    fake_keys_add_pem(&keys, "rsa.pem");
    fake_keys_add_pem(&keys, "p256.pem");
    fake_keys_add_pem(&keys, "p384.pem");
    fake_keys_add_pem(&keys, "p521.pem");
    return keys;
}

void fake_keys_add_pem(struct jwk_set *keys, const char *name)
{
    struct error error;
    char path[512];
    snprintf(path, sizeof path, UNIT_DATA "/%s", name);
    end_unless(jwk_set_add_public_pem(keys, path, &error), &error);
}

void fake_keys_add_jwks(struct jwk_set *keys, const char *name)
{
    struct error error;
    char path[512];
    snprintf(path, sizeof path, UNIT_DATA "/%s", name);
    end_unless(jwk_set_add_file(keys, path, &error), &error);
}

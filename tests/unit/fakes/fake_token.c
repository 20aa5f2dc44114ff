#include "fake_token.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buffer.h"
#include "base/memory.h"

static void append_base64url(struct buffer *out, const void *data, size_t len)
{
    char *text = memory_new(len / 3 + 1, 5);
    EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    for (char *at = text; *at && *at != '='; at++)
        buffer_append_char(out, *at == '+' ? '-' : *at == '/' ? '_' : *at);
    free(text);
}

char *fake_token(const char *header, const char *payload, const char *secret)
{
    struct buffer out = {0};
    append_base64url(&out, header, strlen(header));
    buffer_append_char(&out, '.');
    append_base64url(&out, payload, strlen(payload));

    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len;
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)out.data,
         out.len, mac, &len);
    buffer_append_char(&out, '.');
    append_base64url(&out, mac, len);
    char *token = memory_copy_text(out.data, out.len);
    buffer_deinit(&out);
    return token;
}

char *fake_token_of(const char *payload)
{
    return fake_token("{\"alg\":\"HS256\"}", payload, FAKE_TOKEN_SECRET);
}

char *fake_token_read(const char *file, const char *name)
{
    char path[512];
    char found[128];
    char token[4096];
    snprintf(path, sizeof path, UNIT_DATA "/%s", file);
    FILE *stream = fopen(path, "r");
    PANIC_IF(!stream);
    while (fscanf(stream, "%127s %4095s", found, token) == 2) {
        if (strcmp(found, name) == 0) {
            fclose(stream);
            return memory_copy_text(token, strlen(token));
        }
    }
    fprintf(stderr, "%s has no token %s\n", file, name);
    abort();
}

/* All connections of a worker send the same key: the server does not notice,
 * and the generator saves a SHA-1 per connection. The accept value is still
 * checked. */
#include "bench_upgrade.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "bench_options.h"
#include "bench_target.h"
#include "bench_text.h"
#include "bench_token.h"

static const char key_salt[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

void bench_key_init(struct bench_key *self, uint64_t random)
{
    unsigned char nonce[16] = "peal-bench";
    unsigned char digest[SHA_DIGEST_LENGTH];
    char joined[96];

    memcpy(nonce + 8, &random, sizeof random);
    EVP_EncodeBlock((unsigned char *)self->sent, nonce, sizeof nonce);
    int len = snprintf(joined, sizeof joined, "%s%s", self->sent, key_salt);
    SHA1((unsigned char *)joined, (size_t)len, digest);
    EVP_EncodeBlock((unsigned char *)self->accept, digest, sizeof digest);
}

/* Appends like printf; `*at` becomes BENCH_REQUEST_MAX if the buffer is
 * full. */
__attribute__((format(printf, 3, 4))) static void
append(char *out, size_t *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int len = vsnprintf(out + *at, BENCH_REQUEST_MAX - *at, format, args);
    va_end(args);
    *at += (size_t)len;
    if (*at >= BENCH_REQUEST_MAX)
        *at = BENCH_REQUEST_MAX - 1;
}

/* The last part of the path, without the query: Peal's client id. */
static void client_of_path(const char *path, char *out, size_t room)
{
    size_t len = strcspn(path, "?");
    size_t start = len;

    while (start > 0 && path[start - 1] != '/')
        start--;
    snprintf(out, room, "%.*s", (int)(len - start), path + start);
}

static void append_token(const struct bench_options *options, const char *path,
                         const struct bench_blanks *blanks, char *out,
                         size_t *at)
{
    char client[160];
    char token[BENCH_TOKEN_MAX];

    if (!*options->jwt_secret)
        return;
    if (!bench_text_expand(options->client, blanks, client, sizeof client) ||
        !*client)
        client_of_path(path, client, sizeof client);
    if (bench_token_make(options->jwt_secret, client, time(NULL) + 3600, token))
        append(out, at, "Authorization: Bearer %s\r\n", token);
}

static void append_headers(const struct bench_options *options,
                           const struct bench_blanks *blanks, char *out,
                           size_t *at)
{
    char line[1024];

    if (*options->subprotocol)
        append(out, at, "Sec-WebSocket-Protocol: %s\r\n", options->subprotocol);
    for (int i = 0; i < options->headers.count; i++)
        if (bench_text_expand(options->headers.items[i], blanks, line,
                              sizeof line))
            append(out, at, "%s\r\n", line);
}

size_t bench_upgrade_write(const struct bench_options *options,
                           const struct bench_target *target,
                           const struct bench_key *key, uint32_t number,
                           uint32_t room, char out[BENCH_REQUEST_MAX])
{
    struct bench_blanks blanks = {.number = number, .room = room};
    char path[1024];
    size_t at = 0;

    if (!bench_text_expand(target->path, &blanks, path, sizeof path))
        return 0;
    append(out, &at,
           "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: %s\r\n",
           path, target->host, target->port, key->sent);
    append_headers(options, &blanks, out, &at);
    append_token(options, path, &blanks, out, &at);
    append(out, &at, "\r\n");
    return at < BENCH_REQUEST_MAX - 1 ? at : 0;
}

static bool has_accept(const char *header, size_t len, const char *accept)
{
    static const char name[] = "sec-websocket-accept:";
    const char *end = header + len;

    for (const char *at = header; at < end;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (!line_end)
            return false;
        if (strncasecmp(at, name, sizeof name - 1) == 0) {
            at += sizeof name - 1;
            while (*at == ' ')
                at++;
            return strncmp(at, accept, strlen(accept)) == 0;
        }
        at = line_end + 1;
    }
    return false;
}

enum bench_answer bench_upgrade_judge(const char *data, size_t len,
                                      const struct bench_key *key,
                                      size_t *header_len, int *status)
{
    const char *end = memmem(data, len, "\r\n\r\n", 4);

    *status = 0;
    *header_len = len;
    if (!end)
        return len < BENCH_ANSWER_MAX ? BENCH_ANSWER_PARTIAL
                                      : BENCH_ANSWER_REFUSED;
    *header_len = (size_t)(end - data) + 4;
    if (len > 12 && strncmp(data, "HTTP/1.1 ", 9) == 0)
        *status = atoi(data + 9);
    if (*status != 101 || !has_accept(data, *header_len, key->accept))
        return BENCH_ANSWER_REFUSED;
    return BENCH_ANSWER_OPEN;
}

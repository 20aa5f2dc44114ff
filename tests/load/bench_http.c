/* The HTTP/1.1 that a load test needs: one request, repeated over a kept-alive
 * connection. */
#include "bench_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench_options.h"
#include "bench_target.h"
#include "bench_text.h"

enum { HEAD_MAX = 4096, ANSWER_HEAD_MAX = 16384, LINE_MAX_LEN = 1024 };

/* The whole file, or NULL if it cannot be read. */
static unsigned char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    unsigned char *data = NULL;

    *len = 0;
    if (file && fseek(file, 0, SEEK_END) == 0 && ftell(file) >= 0) {
        size_t size = (size_t)ftell(file);
        rewind(file);
        data = malloc(size + 1);
        if (data)
            *len = fread(data, 1, size, file);
    }
    if (!data)
        perror(path);
    if (file)
        fclose(file);
    return data;
}

static int write_head(const struct bench_options *options,
                      const struct bench_target *target, uint32_t number,
                      size_t body_len, char out[HEAD_MAX])
{
    struct bench_blanks blanks = {.number = number};
    char path[LINE_MAX_LEN], line[LINE_MAX_LEN];

    if (!bench_text_expand(target->path, &blanks, path, sizeof path))
        return -1;
    int len = snprintf(out, HEAD_MAX, "%s %s HTTP/1.1\r\nHost: %s:%s\r\n",
                       options->method, path, target->host, target->port);
    for (int i = 0; i < options->headers.count && len < HEAD_MAX; i++)
        if (bench_text_expand(options->headers.items[i], &blanks, line,
                              sizeof line))
            len +=
                snprintf(out + len, (size_t)(HEAD_MAX - len), "%s\r\n", line);
    if (body_len && len < HEAD_MAX)
        len += snprintf(out + len, (size_t)(HEAD_MAX - len),
                        "Content-Length: %zu\r\n", body_len);
    if (len < HEAD_MAX)
        len += snprintf(out + len, (size_t)(HEAD_MAX - len), "\r\n");
    return len < HEAD_MAX ? len : -1;
}

unsigned char *bench_http_request(const struct bench_options *options,
                                  const struct bench_target *target,
                                  uint32_t number, size_t *len)
{
    char head[HEAD_MAX];
    size_t body_len = 0;
    unsigned char *body = NULL;

    if (*options->body && !(body = read_file(options->body, &body_len)))
        return NULL;
    int head_len = write_head(options, target, number, body_len, head);
    unsigned char *text =
        head_len < 0 ? NULL : malloc((size_t)head_len + body_len);
    if (text) {
        memcpy(text, head, (size_t)head_len);
        if (body)
            memcpy(text + head_len, body, body_len);
        *len = (size_t)head_len + body_len;
    }
    free(body);
    return text;
}

/* The value of a header line, or NULL. */
static const char *find_header(const char *head, const char *end,
                               const char *name)
{
    size_t len = strlen(name);

    for (const char *at = head; at && at + len < end;) {
        if (strncasecmp(at, name, len) == 0)
            return at + len;
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    return NULL;
}

size_t bench_http_take(const unsigned char *at, size_t have, int *status)
{
    const char *head = (const char *)at;
    const char *end = memmem(head, have, "\r\n\r\n", 4);

    if (!end)
        return have < ANSWER_HEAD_MAX ? 0 : BENCH_HTTP_BAD;
    size_t head_len = (size_t)(end - head) + 4;
    if (head_len < 16 || strncmp(head, "HTTP/1.1 ", 9) != 0)
        return BENCH_HTTP_BAD;
    *status = atoi(head + 9);
    if (*status == 204 || *status == 304)
        return head_len;
    const char *length = find_header(head, end, "Content-Length:");
    if (!length)
        return BENCH_HTTP_BAD;
    size_t all = head_len + strtoul(length, NULL, 10);
    return all <= have ? all : 0;
}

#include "base/text_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_MAX = 1 << 20 };

static bool read_stream(FILE *stream, size_t max, struct buffer *out)
{
    while (out->len <= max && !feof(stream)) {
        char *end = buffer_reserve(out, BUFSIZ);
        out->len += fread(end, 1, BUFSIZ, stream);
        if (ferror(stream))
            return false;
    }
    return true;
}

bool text_file_read(const char *path, size_t max, struct buffer *out,
                    struct error *why)
{
    FILE *stream = fopen(path, "re");
    bool ok = stream && read_stream(stream, max, out);
    if (!ok)
        error_set(why, "cannot be read: %s", strerror(errno));
    else if (out->len > max)
        ok = error_set(why, "larger than %zu MiB", max >> 20);
    if (stream)
        fclose(stream);
    return ok;
}

bool text_file_read_value(const char *path, struct buffer *out,
                          struct error *why)
{
    if (!text_file_read(path, VALUE_MAX, out, why))
        return false;
    if (strlen(buffer_text(out)) != out->len)
        return error_set(why, "not a text: it has a zero byte");
    out->len = bytes_without_line_ends(buffer_bytes(out)).len;
    return true;
}

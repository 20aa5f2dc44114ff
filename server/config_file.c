#include "config_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/utf8.h"
#include "config_value.h"

enum { FILE_MAX = 1 << 20, NAME_MAX_BYTES = 128 };

static bool read_stream(FILE *stream, struct buffer *out)
{
    while (out->len <= FILE_MAX && !feof(stream)) {
        char *end = buffer_reserve(out, BUFSIZ);
        out->len += fread(end, 1, BUFSIZ, stream);
        if (ferror(stream))
            return false;
    }
    return true;
}

static bool read_file(const char *path, struct buffer *out, struct error *why)
{
    FILE *stream = fopen(path, "re");
    bool ok = stream && read_stream(stream, out);
    if (!ok)
        error_set(why, "cannot be read: %s", strerror(errno));
    else if (out->len > FILE_MAX)
        ok = error_set(why, "larger than 1 MiB");
    if (stream)
        fclose(stream);
    return ok;
}

/* A zero byte would end a text early, and a secret with it: it may stand
 * there neither as it is nor escaped. */
static bool check_text(struct buffer *text, struct error *why)
{
    bool is_text = strlen(buffer_text(text)) == text->len;
    if (!is_text || !utf8_is_valid(buffer_bytes(text)))
        return error_set(why, "not valid UTF-8");
    if (strstr(text->data, "\\u0000"))
        return error_set(why, "\\u0000 is not allowed in a text");
    return true;
}

static bool refuse_unknown(const char *name, struct error *why)
{
    struct spelling spelling = {.wanted = name};
    config_key_offer(&config_keys, &spelling);
    config_key_offer_sections(&spelling);
    return spelling_refuse(&spelling, "", "key", why);
}

static bool read_object(const struct json *object, const char *section,
                        struct config *config, struct error *why);

/* `name` is the member's whole path. */
static bool read_member(const struct json *member, const char *name,
                        struct config *config, struct error *why)
{
    if (config_key_is_section(name))
        return read_object(member, name, config, why);
    const struct config_key *key = config_key_find(&config_keys, name);
    if (!key)
        return refuse_unknown(name, why);
    struct error reason;
    if (config_value_from_json(key, member, config, &reason))
        return true;
    return error_set(why, "%s: %.400s", name, reason.text);
}

static bool refuse_shape(const struct json *json, const char *section,
                         struct error *why)
{
    const char *got = json_type_name(json_type_of(json));
    return error_set(why, "%s%sexpected an object, got %s", section,
                     section[0] ? ": " : "", got);
}

/* The whole file, or a section like "limits". */
static bool read_object(const struct json *object, const char *section,
                        struct config *config, struct error *why)
{
    if (json_type_of(object) != JSON_OBJECT)
        return refuse_shape(object, section, why);
    for (const struct json *member = json_first(object); member;
         member = json_next(member)) {
        const char *own = json_name(member);
        char name[NAME_MAX_BYTES];
        snprintf(name, sizeof name, "%s%s%.64s", section, section[0] ? "." : "",
                 own);
        if (strchr(own, '.'))
            return error_set(why,
                             "%s: an object stands for each dot, as in "
                             "{\"log\": {\"level\": \"info\"}}",
                             name);
        if (json_member(object, own) != member)
            return error_set(why, "%s: given twice", name);
        if (!read_member(member, name, config, why))
            return false;
    }
    return true;
}

static bool read_text(const struct buffer *text, struct config *config,
                      struct error *why)
{
    struct json *json = json_parse(buffer_bytes(text), true, why);
    bool ok = json && read_object(json, "", config, why);
    json_free(json);
    return ok;
}

bool config_file_read(const char *path, struct config *config,
                      struct error *error)
{
    struct buffer text = {0};
    struct error why;
    bool ok = read_file(path, &text, &why) && check_text(&text, &why) &&
              read_text(&text, config, &why);
    buffer_deinit(&text);
    return ok || error_set(error, "%.100s: %.400s", path, why.text);
}

#include "config/config_file.h"
#include "config/config_notes.h"
#include "config/config_origin.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/text_file.h"
#include "base/utf8.h"
#include "config/config_value.h"

enum { FILE_MAX = 1 << 20, NAME_MAX_BYTES = 128 };

/* A zero byte would truncate a text, such as a secret, so it is refused, raw or
 * escaped. */
static bool check_text(struct buffer *text, struct error *why)
{
    bool is_text = strlen(buffer_text(text)) == text->len;
    if (!is_text || !utf8_is_valid(buffer_bytes(text)))
        return error_set(why, "not valid UTF-8");
    if (strstr(text->data, "\\u0000"))
        return error_set(why, "\\u0000 is not allowed in a string");
    return true;
}

static bool refuse_unknown(const char *name, struct error *why)
{
    struct spelling spelling = {.wanted = name};
    config_key_offer(&config_keys, &spelling);
    config_key_offer_sections(&spelling);
    return spelling_refuse(&spelling, "", "key", why);
}

/* The target of the members. */
struct place {
    const char *path;    /* of the file */
    const char *section; /* like "limits", or empty */
};

static bool read_object(const struct json *object, const struct place *place,
                        struct config *config, struct error *why);

/* `name` is the member's whole path. */
static bool read_member(const struct json *member, const char *path,
                        const char *name, struct config *config,
                        struct error *why)
{
    const struct place section = {path, name};
    if (config_key_is_section(name))
        return !json_is_given(member) ||
               read_object(member, &section, config, why);
    const struct config_key *key = config_key_find(&config_keys, name);
    if (!key)
        return config_notes_retired(config, "", name) ||
               refuse_unknown(name, why);
    struct error reason;
    if (!config_value_from_json(key, member, config, &reason))
        return error_set(why, "%s: %.400s", name, reason.text);
    if (json_is_given(member))
        config_origin_set(config, key, path);
    return true;
}

static bool refuse_shape(const struct json *json, const char *section,
                         struct error *why)
{
    const char *got = json_type_name(json_type_of(json));
    return error_set(why, "%s%sexpected an object, got %s", section,
                     section[0] ? ": " : "", got);
}

/* The whole file, or a section of it. */
static bool read_object(const struct json *object, const struct place *place,
                        struct config *config, struct error *why)
{
    const char *section = place->section;
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
                             "%s: write an object for each dot, as in "
                             "{\"log\": {\"level\": \"info\"}}",
                             name);
        if (json_member(object, own) != member)
            return error_set(why, "%s: given twice", name);
        if (!read_member(member, place->path, name, config, why))
            return false;
    }
    return true;
}

static bool read_text(const struct buffer *text, const char *path,
                      struct config *config, struct error *why)
{
    const struct place whole = {path, ""};
    struct json *json = json_parse(buffer_bytes(text), true, why);
    bool ok = json && read_object(json, &whole, config, why);
    json_free(json);
    return ok;
}

bool config_file_read(const char *path, struct config *config,
                      struct error *error)
{
    struct buffer text = {0};
    struct error why;
    bool ok = text_file_read(path, FILE_MAX, &text, &why) &&
              check_text(&text, &why) && read_text(&text, path, config, &why);
    buffer_deinit(&text);
    return ok || error_set(error, "%.100s: %.400s", path, why.text);
}

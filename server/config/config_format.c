#include "config/config_format.h"

#include <string.h>

#include "base/json.h"
#include "base/text_file.h"

enum { FILE_MAX = 1 << 20 };

static bool is_json(const char *text)
{
    return text && strcmp(text, "json") == 0;
}

static bool file_wants_json(const char *path)
{
    struct error why;
    struct buffer text = {0};
    struct json *json = NULL;
    if (text_file_read(path, FILE_MAX, &text, &why))
        json = json_parse(buffer_bytes(&text), true, &why);
    const struct json *log = json && json_type_of(json) == JSON_OBJECT
                                 ? json_member(json, "log")
                                 : NULL;
    const struct json *format = log && json_type_of(log) == JSON_OBJECT
                                    ? json_member(log, "format")
                                    : NULL;
    bool wants = format && json_type_of(format) == JSON_STRING &&
                 is_json(json_text(format));
    json_free(json);
    buffer_deinit(&text);
    return wants;
}

static const char *in_environment(char *const *environment)
{
    static const char name[] = "PEAL_LOG_FORMAT=";
    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, strlen(name)) == 0)
            return *environment + strlen(name);
    return NULL;
}

static const char *in_flags(const struct config_sources *sources)
{
    const char *value = NULL;
    for (size_t i = 0; i < sources->flag_count; i++)
        if (strcmp(sources->flags[i].name, "log.format") == 0)
            value = sources->flags[i].value;
    return value;
}

enum log_format config_format_wanted(const struct config_sources *sources)
{
    const char *flag = in_flags(sources);
    const char *variable = in_environment(sources->environment);
    bool wants = flag       ? is_json(flag)
                 : variable ? is_json(variable)
                            : sources->file && file_wants_json(sources->file);
    return wants ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
}

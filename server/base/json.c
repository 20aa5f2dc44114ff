/* The tree half of json.h: a thin wrapper of cJSON. */
#include "base/json.h"

#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base/memory.h"

static const cJSON *to_cjson(const struct json *json)
{
    return (const cJSON *)json;
}

static const struct json *from_cjson(const cJSON *json)
{
    return (const struct json *)json;
}

/* The end of the string that starts at `at`, after its closing quote. */
static char *string_end(char *at)
{
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at[1])
            at++;
    return *at ? at + 1 : at;
}

/* Overwrites the comment that starts at `at` with spaces, except for newlines,
 * and returns its end. */
static char *blank_comment(char *at)
{
    bool block = at[1] == '*';
    const char *close = block ? strstr(at + 2, "*/") : strchr(at, '\n');
    const char *end = close ? close + (block ? 2 : 0) : at + strlen(at);
    for (; at < end; at++)
        if (*at != '\n')
            *at = ' ';
    return at;
}

/* Unlike cJSON_Minify, this preserves line numbers for errors. */
static void blank_comments(char *text)
{
    for (char *at = text; *at;) {
        if (*at == '"')
            at = string_end(at);
        else if (at[0] == '/' && (at[1] == '*' || at[1] == '/'))
            at = blank_comment(at);
        else
            at++;
    }
}

static int line_of(const char *text, const char *at)
{
    int line = 1;
    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

struct json *json_parse(struct bytes text, bool comments, struct error *error)
{
    char *copy = memory_copy_text(text.data, text.len);
    if (comments)
        blank_comments(copy);
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithOpts(copy, &end, true);
    if (!json)
        error_set(error, "line %d: not valid JSON",
                  end ? line_of(copy, end) : 1);
    free(copy);
    return (struct json *)json;
}

void json_free(struct json *json)
{
    cJSON_Delete((cJSON *)json);
}

enum json_type json_type_of(const struct json *json)
{
    const cJSON *item = to_cjson(json);
    if (cJSON_IsBool(item))
        return JSON_BOOL;
    if (cJSON_IsNumber(item))
        return JSON_NUMBER;
    if (cJSON_IsString(item))
        return JSON_STRING;
    if (cJSON_IsArray(item))
        return JSON_ARRAY;
    return cJSON_IsObject(item) ? JSON_OBJECT : JSON_NULL;
}

bool json_is_given(const struct json *json)
{
    return json && json_type_of(json) != JSON_NULL;
}

const char *json_type_name(enum json_type type)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",       [JSON_BOOL] = "true or false",
        [JSON_NUMBER] = "a number", [JSON_STRING] = "a string",
        [JSON_ARRAY] = "a list",    [JSON_OBJECT] = "an object",
    };
    return names[type];
}

const struct json *json_member(const struct json *object, const char *name)
{
    const cJSON *found = NULL;
    for (const cJSON *item = to_cjson(object)->child; item; item = item->next)
        if (item->string && strcmp(item->string, name) == 0)
            found = item;
    return from_cjson(found);
}

const struct json *json_first(const struct json *container)
{
    return from_cjson(to_cjson(container)->child);
}

const struct json *json_next(const struct json *json)
{
    return from_cjson(to_cjson(json)->next);
}

const char *json_name(const struct json *json)
{
    return to_cjson(json)->string;
}

const char *json_text(const struct json *json)
{
    return to_cjson(json)->valuestring;
}

double json_number(const struct json *json)
{
    return to_cjson(json)->valuedouble;
}

bool json_bool(const struct json *json)
{
    return cJSON_IsTrue(to_cjson(json));
}

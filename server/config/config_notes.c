#include "config/config_notes.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/buffer.h"
#include "config/config_key.h"
#include "config/config_value.h"

void config_notes_warn(struct config *config, const char *format, ...)
{
    struct error text;
    va_list list;
    va_start(list, format);
    vsnprintf(text.text, sizeof text.text, format, list);
    va_end(list);
    text_list_add(&config->notes.warnings, text.text);
}

/* --- secrets ------------------------------------------------------------- */

static bool is_quoted(const char *text, size_t len)
{
    return len > 1 && strchr("\"'`", text[0]) && text[0] == text[len - 1];
}

static bool has_blank_ends(const char *text, size_t len)
{
    return len && (isspace((unsigned char)text[0]) ||
                   isspace((unsigned char)text[len - 1]));
}

static bool has_lines(const char *text, size_t len)
{
    return memchr(text, '\n', len) || memchr(text, '\r', len);
}

static bool is_template(const char *text, size_t len)
{
    return len > 3 && ((strncmp(text, "${", 2) == 0 && text[len - 1] == '}') ||
                       (strncmp(text, "{{", 2) == 0 && text[len - 1] == '}'));
}

static const struct {
    bool (*looks_so)(const char *text, size_t len);
    const char *what;
} accidents[] = {
    {is_quoted, "is enclosed in quotes, which count as part of it"},
    {has_blank_ends, "begins or ends with white space, which counts as part "
                     "of it"},
    {has_lines, "has more than one line"},
    {is_template, "looks like a template that was not filled in"},
};

static void judge_secret(struct config *config, const struct config_key *key)
{
    const char *text = *(char *const *)config_key_field_of(key, config);
    for (size_t i = 0; text && i < sizeof accidents / sizeof *accidents; i++)
        if (accidents[i].looks_so(text, strlen(text)))
            config_notes_warn(config, "%s: the value %s", key->name,
                              accidents[i].what);
}

bool config_notes_retired(struct config *config, const char *where,
                          const char *name)
{
    if (!config_key_is_retired(name))
        return false;
    config_notes_warn(config, "%s%s has no effect any more; remove it", where,
                      name);
    return true;
}

void config_notes_judge_secrets(struct config *config)
{
    for (size_t i = 0; i < config_keys.count; i++)
        if (config_keys.items[i].secret)
            judge_secret(config, &config_keys.items[i]);
}

/* --- telling ------------------------------------------------------------- */

static void append_list(struct buffer *out, const struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        buffer_append_text(out, i ? "," : "");
        buffer_append_text(out, list->items[i]);
    }
}

void config_notes_log(const struct config_notes *notes)
{
    for (size_t i = 0; i < notes->warnings.count; i++)
        log_event(LOG_WARN, "Config warning",
                  LOG_TEXT("reason", notes->warnings.items[i]));
    if (!notes->foreign.count)
        return;
    struct buffer names = {0};
    append_list(&names, &notes->foreign);
    log_event(LOG_INFO,
              "Environment variables set by Kubernetes or Docker ignored",
              LOG_BYTES("names", buffer_bytes(&names)));
    buffer_deinit(&names);
}

void config_notes_print(const struct config_notes *notes, FILE *out)
{
    for (size_t i = 0; i < notes->warnings.count; i++)
        fprintf(out, "peal: warning: %s\n", notes->warnings.items[i]);
}

void config_notes_deinit(struct config_notes *notes)
{
    text_list_deinit(&notes->warnings);
    text_list_deinit(&notes->foreign);
}

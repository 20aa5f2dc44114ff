/* The types of config_value.h that hold texts. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text_list.h"
#include "config_value.h"

/* text */

/* Whether `text` may be a text of this key, or one item of its list. */
static bool text_fits(const struct config_key *key, const char *text)
{
    if (key->form && !key->form->is_valid(text))
        return false;
    return !key->choices || config_value_find_choice(key, text) >= 0;
}

static void clear_text(void *field)
{
    free(*(char **)field);
    *(char **)field = NULL;
}

static bool text_from_text(const struct config_key *key, const char *text,
                           void *field, struct error *why)
{
    (void)why;
    if (strlen(text) < key->min || !text_fits(key, text))
        return false;
    clear_text(field);
    *(char **)field = memory_copy_text(text, strlen(text));
    return true;
}

static bool text_from_json(const struct config_key *key,
                           const struct json *json, void *field,
                           struct error *why)
{
    return json_type_of(json) == JSON_STRING &&
           text_from_text(key, json_text(json), field, why);
}

static void expect_text(const struct config_key *key, struct buffer *out)
{
    const char *any = key->min ? "a text that is not empty" : "a text";
    buffer_append_text(out, key->form ? key->form->expected : any);
}

static void print_text(const struct config_key *key, const void *field,
                       struct buffer *out)
{
    (void)key;
    buffer_append_json_string(out, bytes_of(*(char *const *)field));
}

const struct config_type config_value_text = {
    "TEXT", text_from_text, text_from_json, expect_text, print_text, clear_text,
    NULL,
};

/* lists of texts */

static void clear_list(void *field)
{
    text_list_deinit(field);
}

/* Gives the field a list of its own; takes what `list` owns. */
static bool set_list(const struct config_key *key, struct text_list *list,
                     bool fits, void *field)
{
    for (size_t i = 0; i < list->count; i++)
        fits = fits && list->items[i][0] && text_fits(key, list->items[i]);
    if (!fits || list->count < key->min) {
        text_list_deinit(list);
        return false;
    }
    text_list_deinit(field);
    *(struct text_list *)field = *list;
    return true;
}

static struct bytes trimmed(struct bytes text)
{
    while (text.len && isspace((unsigned char)*text.data))
        text = bytes_skip(text, 1);
    while (text.len && isspace((unsigned char)text.data[text.len - 1]))
        text.len--;
    return text;
}

/* "a, b": white space around an item does not count. */
static bool list_from_text(const struct config_key *key, const char *text,
                           void *field, struct error *why)
{
    (void)why;
    struct text_list list = {0};
    while (*text) {
        size_t len = strcspn(text, ",");
        struct bytes part = trimmed((struct bytes){text, len});
        char *item = memory_copy_text(part.data, part.len);
        text_list_add(&list, item);
        free(item);
        text += len + (text[len] == ',');
    }
    return set_list(key, &list, true, field);
}

static bool list_from_json(const struct config_key *key,
                           const struct json *json, void *field,
                           struct error *why)
{
    (void)why;
    if (json_type_of(json) != JSON_ARRAY)
        return false;
    struct text_list list = {0};
    bool texts = true;
    for (const struct json *item = json_first(json); item && texts;
         item = json_next(item)) {
        texts = json_type_of(item) == JSON_STRING;
        if (texts)
            text_list_add(&list, json_text(item));
    }
    return set_list(key, &list, texts, field);
}

static void expect_list(const struct config_key *key, struct buffer *out)
{
    buffer_append_text(out, "a list of ");
    if (key->choices)
        config_value_append_choices(key, out);
    else
        buffer_append_text(out, key->form ? key->form->expected : "texts");
}

static void print_list(const struct config_key *key, const void *field,
                       struct buffer *out)
{
    (void)key;
    const struct text_list *list = field;
    buffer_append_char(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        buffer_append_text(out, i ? ", " : "");
        buffer_append_json_string(out, bytes_of(list->items[i]));
    }
    buffer_append_char(out, ']');
}

const struct config_type config_value_list = {
    "A,B,...",   list_from_text, list_from_json,
    expect_list, print_list,     clear_list,
    NULL,
};

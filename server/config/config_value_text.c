/* The types of config_value.h that hold texts. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text_list.h"
#include "config/config_value.h"

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
    struct bytes value = bytes_of(text);
    if (key->secret) /* nobody can type the newline of a copied line again */
        value = bytes_without_line_ends(value);
    char *copy = memory_copy_text(value.data, value.len);
    if (value.len < key->min || !text_fits(key, copy)) {
        free(copy);
        return false;
    }
    clear_text(field);
    *(char **)field = copy;
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
    const char *any = key->min ? "a non-empty string" : "a text";
    buffer_append_text(out, key->form ? key->form->expected : any);
}

static void print_text(const struct config_key *key, const void *field,
                       struct buffer *out)
{
    (void)key;
    buffer_append_json_string(out, bytes_of(*(char *const *)field));
}

const struct config_type config_value_text = {
    "TEXT",     text_from_text, text_from_json, expect_text,
    print_text, clear_text,     NULL,           HOLDS_TEXT,
};

/* lists of texts */

static void clear_list(void *field)
{
    text_list_deinit(field);
}

static void expect_item(const struct config_key *key, struct buffer *out)
{
    if (key->choices) {
        buffer_append_text(out, "one of ");
        config_value_append_choices(key, out);
    } else {
        buffer_append_text(out, key->form ? key->form->expected
                                          : "a non-empty string");
    }
}

/* Reports the invalid entry; `json` if it is not a string. */
static bool refuse_item(const struct config_key *key, size_t number,
                        const char *text, const struct json *json,
                        struct error *why)
{
    struct buffer words = {0};
    buffer_append_format(&words, "entry %zu: expected ", number);
    expect_item(key, &words);
    buffer_append_text(&words, ", got ");
    if (text)
        config_value_append_shown(&words, text);
    else
        config_value_append_got(&words, json);
    config_value_append_fault(key, text, &words);
    error_set(why, "%s", buffer_text(&words));
    buffer_deinit(&words);
    return false;
}

static bool check_items(const struct config_key *key,
                        const struct text_list *list, struct error *why)
{
    for (size_t i = 0; i < list->count; i++)
        if (!list->items[i][0] || !text_fits(key, list->items[i]))
            return refuse_item(key, i + 1, list->items[i], NULL, why);
    if (list->count >= key->min)
        return true;
    struct buffer words = {0};
    key->type->expect(key, &words);
    error_set(why, "expected %s, got an empty list", buffer_text(&words));
    buffer_deinit(&words);
    return false;
}

/* Sets the field; takes the content of `list`. */
static bool set_list(const struct config_key *key, struct text_list *list,
                     void *field, struct error *why)
{
    if (!check_items(key, list, why)) {
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
    struct text_list list = {0};
    while (*text) {
        size_t len = strcspn(text, ",");
        struct bytes part = trimmed((struct bytes){text, len});
        char *item = memory_copy_text(part.data, part.len);
        text_list_add(&list, item);
        free(item);
        text += len + (text[len] == ',');
    }
    return set_list(key, &list, field, why);
}

static bool list_from_json(const struct config_key *key,
                           const struct json *json, void *field,
                           struct error *why)
{
    if (json_type_of(json) != JSON_ARRAY)
        return false;
    struct text_list list = {0};
    for (const struct json *item = json_first(json); item;
         item = json_next(item)) {
        if (json_type_of(item) != JSON_STRING) {
            refuse_item(key, list.count + 1, NULL, item, why);
            text_list_deinit(&list);
            return false;
        }
        text_list_add(&list, json_text(item));
    }
    return set_list(key, &list, field, why);
}

static const char *plural_of(const struct config_form *form)
{
    if (!form)
        return "texts";
    return form->plural ? form->plural : form->expected;
}

static void expect_list(const struct config_key *key, struct buffer *out)
{
    buffer_append_text(out, "a list of ");
    if (key->choices)
        config_value_append_choices(key, out);
    else
        buffer_append_text(out, plural_of(key->form));
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
    "A,B,...",  list_from_text, list_from_json, expect_list,
    print_list, clear_list,     NULL,           HOLDS_LIST,
};

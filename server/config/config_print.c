#include "config/config_print.h"

#include <string.h>

#include "config/config_origin.h"
#include "config/config_value.h"

enum { COLUMNS = 80, NAME_COLUMNS = 31 };

/* The section before the dot of a name; empty without one. */
static struct bytes section_of(const struct config_key *key)
{
    const char *dot = strchr(key->name, '.');
    return (struct bytes){key->name, dot ? (size_t)(dot - key->name) : 0};
}

/* Writes the text between the previous value and this key; `from` and `to` are
 * their sections. */
static void print_between(struct bytes from, struct bytes to,
                          struct buffer *out)
{
    bool same = bytes_equal(from, to);
    if (!same && from.len)
        buffer_append_text(out, "\n  }");
    buffer_append_text(out, out->len > 2 ? ",\n" : "");
    if (!same && to.len) {
        buffer_append_text(out, "  ");
        buffer_append_json_string(out, to);
        buffer_append_text(out, ": {\n");
    }
    buffer_append_text(out, to.len ? "    " : "  ");
}

void config_print(const struct config *config, struct buffer *out)
{
    struct bytes section = {0};
    buffer_append_text(out, "{\n");
    for (size_t i = 0; i < config_keys.count; i++) {
        const struct config_key *key = &config_keys.items[i];
        struct bytes own = section_of(key);
        print_between(section, own, out);
        section = own;
        const char *name = key->name + (own.len ? own.len + 1 : 0);
        buffer_append_format(out, "\"%s\": ", name);
        config_value_print(key, config, out);
    }
    buffer_append_text(out, section.len ? "\n  }\n}\n" : "\n}\n");
}

/* Line ends stand between values only: in texts they are escaped. */
static void print_on_one_line(const struct config_key *key,
                              const struct config *config, struct buffer *out)
{
    struct buffer value = {0};
    config_value_print(key, config, &value);
    for (const char *at = buffer_text(&value); *at;) {
        size_t len = strcspn(at, "\n");
        buffer_append(out, (struct bytes){at, len});
        at += len;
        at += strspn(at, "\n ");
    }
    buffer_deinit(&value);
}

void config_print_origins(const struct config *config, struct buffer *out)
{
    for (size_t i = 0; i < config_keys.count; i++) {
        const struct config_key *key = &config_keys.items[i];
        buffer_append_format(out, "%-*s ", NAME_COLUMNS, key->name);
        print_on_one_line(key, config, out);
        buffer_append_format(out, "  # %s\n", config_origin_of(config, key));
    }
}

void config_print_wrapped(const char *text, const char *indent,
                          struct buffer *out)
{
    buffer_append_text(out, indent);
    size_t column = strlen(indent);
    for (bool first = true; *text; first = false) {
        size_t len = strcspn(text, " ");
        bool fits = column + !first + len <= COLUMNS;
        if (!first)
            buffer_append_text(out, fits ? " " : "\n");
        if (!fits) {
            buffer_append_text(out, indent);
            column = strlen(indent);
        }
        buffer_append(out, (struct bytes){text, len});
        column += (fits && !first) + len;
        text += len + (text[len] == ' ');
    }
    buffer_append_char(out, '\n');
}

/* `name` precedes the help unless it is printed above. */
static void print_meaning(const struct config_key *key, const char *name,
                          struct buffer *out)
{
    struct buffer text = {0};
    buffer_append_format(&text, "%s%s%s", name, name[0] ? ": " : "", key->help);
    if (key->value && key->value[0])
        buffer_append_format(&text, " (%s)", key->value);
    config_print_wrapped(buffer_text(&text), "      ", out);
    buffer_deinit(&text);
}

static void print_help_of(const struct config_key *key, struct buffer *out)
{
    bool words = key->type == &config_value_choice;
    buffer_append_format(out, "  --%s%s%s\n", key->name,
                         key->type->placeholder[0] ? " " : "",
                         words ? key->choices : key->type->placeholder);
    print_meaning(key, "", out);
    const struct config_keys *members = key->type->members;
    for (size_t i = 0; members && i < members->count; i++)
        print_meaning(&members->items[i], members->items[i].name, out);
}

/* A secret on the command line would show in the list of processes. */
static void print_help_of_secret(const struct config_key *key,
                                 struct buffer *out)
{
    char name[SPELLING_MAX];
    config_key_environment_name(key, name, sizeof name);
    buffer_append_format(out, "  %s (%s)\n", key->name, name);
    struct buffer text = {0};
    buffer_append_format(&text, "%s; no flag, others could see it", key->help);
    config_print_wrapped(buffer_text(&text), "      ", out);
    buffer_deinit(&text);
}

static void print_help_as_it_may(const struct config_key *key,
                                 struct buffer *out)
{
    if (key->secret)
        print_help_of_secret(key, out);
    else
        print_help_of(key, out);
}

void config_print_help(struct buffer *out)
{
    for (size_t i = 0; i < config_keys.count; i++)
        print_help_as_it_may(&config_keys.items[i], out);
}

static bool is_among(const char *name, const char *const *names)
{
    for (; *names; names++) {
        size_t len = strlen(*names);
        if (strcmp(name, *names) == 0 ||
            ((*names)[len - 1] == '.' && strncmp(name, *names, len) == 0))
            return true;
    }
    return false;
}

void config_print_help_about(const char *const *names, struct buffer *out)
{
    for (size_t i = 0; i < config_keys.count; i++)
        if (is_among(config_keys.items[i].name, names))
            print_help_as_it_may(&config_keys.items[i], out);
}

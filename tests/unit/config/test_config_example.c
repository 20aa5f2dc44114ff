/* conf/peal.json must match the table of keys exactly: this generates the
 * example and compares it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "config/config_load.h"
#include "config/config_print.h"
#include "config/config_value.h"

#define EXAMPLE PROJECT_ROOT "/conf/peal.json"

static const struct config_sources example_only = {.file = EXAMPLE};

/* The key's description, and its possible values unless they are obvious. */
static void write_comment(const struct config_key *key, const char *indent,
                          struct buffer *out)
{
    struct buffer text = {0};
    buffer_append_text(&text, key->help);
    if (key->max)
        buffer_append_format(&text, " (%llu to %llu)",
                             (unsigned long long)key->min,
                             (unsigned long long)key->max);
    if (key->choices) {
        buffer_append_text(&text, " (");
        config_value_append_choices(key, &text);
        buffer_append_char(&text, ')');
    }
    config_print_wrapped(buffer_text(&text), indent, out);
    buffer_deinit(&text);
}

/* The members of a rule of `channels` or `api.keys`. */
static void write_member_comments(const struct config_keys *members,
                                  const char *indent, struct buffer *out)
{
    for (size_t i = 0; members && i < members->count; i++) {
        const struct config_key *key = &members->items[i];
        struct config_key named = *key;
        char help[128];
        snprintf(help, sizeof help, "%s: %s", key->name, key->help);
        named.help = help;
        write_comment(&named, indent, out);
    }
}

/* Writes the comment before a line of the printed config, `"name": ...` after
 * white space. */
static void write_line(const char *line, size_t len, char *section,
                       struct buffer *out)
{
    char name[SPELLING_MAX];
    size_t indent = strspn(line, " ");
    bool named = line[indent] == '"';
    bool in_section = named && indent == 4;
    int name_len = named ? (int)strcspn(line + indent + 1, "\"") : 0;
    snprintf(name, sizeof name, "%s%s%.*s", in_section ? section : "",
             in_section ? "." : "", name_len, line + indent + 1);
    if (named && config_key_is_section(name))
        strcpy(section, name);
    else if (named) {
        const struct config_key *key = config_key_find(&config_keys, name);
        write_comment(key, in_section ? "    // " : "  // ", out);
        write_member_comments(key->type->members,
                              in_section ? "    //   " : "  //   ", out);
    }
    buffer_append(out, (struct bytes){line, len});
}

/* Key by key: the defaults as in --print-config, except the number of workers,
 * which is already that of this machine. */
static char *write_example(void)
{
    struct error error;
    struct config *config = config_load(&(struct config_sources){0}, &error);
    assert_non_null(config);
    config->workers = 0;
    struct buffer printed = {0};
    config_print(config, &printed);
    config_free(config);

    struct buffer example = {0};
    char section[SPELLING_MAX] = "";
    for (const char *line = buffer_text(&printed); *line;) {
        size_t len = strcspn(line, "\n") + 1;
        write_line(line, len, section, &example);
        line += len;
    }
    buffer_deinit(&printed);
    buffer_text(&example);
    return example.data;
}

static char *read_example(void)
{
    struct buffer text = {0};
    FILE *file = fopen(EXAMPLE, "r");
    assert_non_null(file);
    char chunk[4096];
    size_t len;
    while ((len = fread(chunk, 1, sizeof chunk, file)) > 0)
        buffer_append(&text, (struct bytes){chunk, len});
    fclose(file);
    buffer_text(&text);
    return text.data;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

static size_t line_len(const char *line)
{
    return (size_t)(next_line(line) - line);
}

static bool same_line(const char *a, const char *b)
{
    return *a && line_len(a) == line_len(b) && !memcmp(a, b, line_len(a));
}

static void show_lines(char mark, const char *line, const char *end)
{
    for (; line < end; line = next_line(line))
        fprintf(stderr, "%c %.*s", mark, (int)line_len(line), line);
}

/* From the first to the last differing line, like diff. */
static void check_same(const char *what, const char *found,
                       const char *expected)
{
    if (strcmp(found, expected) == 0)
        return;
    const char *found_end = found + strlen(found);
    const char *expected_end = expected + strlen(expected);
    while (same_line(found, expected)) {
        found = next_line(found);
        expected = next_line(expected);
    }
    while (found_end > found && expected_end > expected &&
           found_end[-1] == expected_end[-1]) {
        found_end--;
        expected_end--;
    }
    show_lines('-', found, found_end);
    show_lines('+', expected, expected_end);
    fail_msg("%s is to be changed from - to +", what);
}

/* UNIT_WRITE_EXAMPLE=1 regenerates the file after a change of the table; the
 * text before its first brace is kept. */
static void write_file(const char *found, const char *body,
                       const char *expected)
{
    FILE *file = fopen(EXAMPLE, "w");
    assert_non_null(file);
    fprintf(file, "%.*s%s", (int)(body - found), found, expected);
    assert_int_equal(fclose(file), 0);
}

static void the_example_matches_the_table(void **state)
{
    (void)state;
    char *expected = write_example();
    char *found = read_example();
    const char *body = strstr(found, "{\n");
    assert_non_null(body);
    if (getenv("UNIT_WRITE_EXAMPLE")) {
        write_file(found, body, expected);
        free(found);
        found = read_example();
        body = strstr(found, "{\n");
    }
    check_same("conf/peal.json", body, expected);
    free(expected);
    free(found);
}

static void the_example_contains_the_defaults(void **state)
{
    (void)state;
    struct error error;
    struct buffer defaults = {0};
    struct buffer loaded = {0};
    struct config *config = config_load(&(struct config_sources){0}, &error);
    assert_non_null(config);
    config_print(config, &defaults);
    config_free(config);
    config = config_load(&example_only, &error);
    assert_non_null(config);
    config_print(config, &loaded);
    config_free(config);
    check_same("conf/peal.json, as it is read,", buffer_text(&loaded),
               buffer_text(&defaults));
    buffer_deinit(&defaults);
    buffer_deinit(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_matches_the_table),
        cmocka_unit_test(the_example_contains_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config_key.h"
#include "config/config_load.h"
#include "config/config_print.h"

static struct config *load(struct config_sources sources)
{
    struct error error;
    struct config *config = config_load(&sources, &error);
    if (!config)
        fail_msg("%s", error.text);
    return config;
}

/* Everything except the secret has a non-default value. */
static struct config *load_unusual(void)
{
    static char *variables[] = {
        "PEAL_HOST=::1",
        "PEAL_ECHO_PREFIX=\"\\\n",
        "PEAL_LOG_LEVEL=error",
        "PEAL_ORIGINS=https://a.example",
        "PEAL_LIMITS_HISTORY_BYTES=1099511627776",
        "PEAL_DEFAULT_CAPS=[]",
        "PEAL_CHANNELS=[{\"match\": \"a:*\", \"slow_reader\": \"latest\"}]",
        NULL};
    return load((struct config_sources){.environment = variables});
}

static void the_printed_config_loads_unchanged(void **state)
{
    (void)state;
    struct buffer first = {0};
    struct buffer second = {0};
    struct config *config = load_unusual();
    config_print(config, &first);
    config_free(config);

    char path[] = "/tmp/test_config_print_XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, first.data, first.len), (ssize_t)first.len);
    close(fd);
    config = load((struct config_sources){.file = path});
    unlink(path);
    assert_string_equal(config->messaging.echo_prefix, "\"\\\n");
    config_print(config, &second);
    config_free(config);
    assert_string_equal(buffer_text(&second), buffer_text(&first));
    buffer_deinit(&first);
    buffer_deinit(&second);
}

static void the_secret_is_masked(void **state)
{
    (void)state;
    char *variables[] = {"PEAL_AUTH_SECRET=correct horse battery staple stands",
                         NULL};
    struct config *config =
        load((struct config_sources){.environment = variables});
    struct buffer text = {0};
    config_print(config, &text);
    config_free(config);
    assert_non_null(strstr(buffer_text(&text), "\"secret\": \"***\""));
    assert_null(strstr(buffer_text(&text), "horse"));
    buffer_deinit(&text);
}

static void the_help_names_every_key_in_80_columns(void **state)
{
    (void)state;
    struct buffer text = {0};
    config_print_help(&text);
    for (size_t i = 0; i < config_keys.count; i++)
        assert_non_null(strstr(buffer_text(&text), config_keys.items[i].name));
    assert_null(strstr(buffer_text(&text), "--auth.secret"));
    for (const char *line = buffer_text(&text); *line;) {
        size_t len = strcspn(line, "\n");
        assert_true(len > 0 && len <= 80);
        line += len + 1;
    }
    buffer_deinit(&text);
}

static void wrapping_fills_lines_and_keeps_words_whole(void **state)
{
    (void)state;
    struct buffer text = {0};
    char word[78 + 1];
    memset(word, 'x', 78);
    word[78] = '\0';
    config_print_wrapped("a b", "- ", &text);
    config_print_wrapped(word, "- ", &text);
    buffer_append_text(&text, "|");
    struct buffer wanted = {0};
    buffer_append_format(&wanted, "- a b\n- %s\n|", word);
    assert_string_equal(buffer_text(&text), buffer_text(&wanted));
    buffer_clear(&text);
    buffer_clear(&wanted);
    word[77] = ' ';
    word[76] = 'y';
    config_print_wrapped(word, "- ", &text);
    buffer_append_format(&wanted, "- %.77s\n", word);
    assert_string_equal(buffer_text(&text), buffer_text(&wanted));
    buffer_deinit(&text);
    buffer_deinit(&wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_printed_config_loads_unchanged),
        cmocka_unit_test(the_secret_is_masked),
        cmocka_unit_test(the_help_names_every_key_in_80_columns),
        cmocka_unit_test(wrapping_fills_lines_and_keeps_words_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

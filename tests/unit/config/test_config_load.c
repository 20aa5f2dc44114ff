/* Sources of values and their precedence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config_load.h"

#define NONE ((struct config_sources){0})

/* Loads a valid config. */
static struct config *load(struct config_sources sources)
{
    struct error error;
    struct config *config = config_load(&sources, &error);
    if (!config)
        fail_msg("%s", error.text);
    return config;
}

/* The error for an invalid config. */
static const char *refusal(struct config_sources sources)
{
    static struct error error;
    struct config *config = config_load(&sources, &error);
    assert_null(config);
    return error.text;
}

static struct config_sources with_environment(char **variables)
{
    return (struct config_sources){.environment = variables};
}

static struct config_sources with_flag(const struct config_flag *flag)
{
    return (struct config_sources){.flags = flag, .flag_count = 1};
}

#define ENVIRONMENT(...)  with_environment((char *[]){__VA_ARGS__, NULL})
#define FLAG(name, value) with_flag(&(struct config_flag){name, value})

/* Writes a file; its path is valid until the next call. */
static const char *file_of(const char *text)
{
    static char path[64];
    strcpy(path, "/tmp/test_config_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

static void defaults(void **state)
{
    (void)state;
    struct config *config = load(NONE);
    assert_string_equal(config->host, "127.0.0.1");
    assert_int_equal(config->port, 8080);
    assert_true(config->workers >= 1);
    assert_null(config->web_root);
    assert_null(config->auth.secret);
    assert_false(config->dev);
    assert_false(config->explain_refusals);
    assert_string_equal(config->messaging.echo_prefix, "Echo: ");
    assert_int_equal(config->messaging.limits.message_bytes, 65536);
    assert_int_equal(config->messaging.channels.count, 1);
    assert_int_equal(config->log_level, LOG_INFO);
    config_free(config);
}

static void environment_beats_file_and_flags_beat_both(void **state)
{
    (void)state;
    const char *file = file_of("{\"port\": 1, \"workers\": 2,\n"
                               " // the rest stays\n"
                               " \"limits\": {\"bad_messages\": 3}}");
    struct config_flag flag = {"port", "9"};
    char *variables[] = {"PEAL_PORT=5", "PEAL_WORKERS=6", "HOME=/", NULL};
    struct config *config =
        load((struct config_sources){.file = file,
                                     .environment = variables,
                                     .flags = &flag,
                                     .flag_count = 1});
    assert_int_equal(config->port, 9);
    assert_int_equal(config->workers, 6);
    assert_int_equal(config->messaging.limits.bad_messages, 3);
    config_free(config);
    unlink(file);
}

static void the_last_of_equal_flags_wins(void **state)
{
    (void)state;
    struct config_flag flags[] = {{"port", "1"}, {"port", "2"}};
    struct config *config =
        load((struct config_sources){.flags = flags, .flag_count = 2});
    assert_int_equal(config->port, 2);
    config_free(config);
}

static void lists_are_replaced_not_merged(void **state)
{
    (void)state;
    struct config *config = load(
        ENVIRONMENT("PEAL_ORIGINS=https://a.example, https://*.b.example",
                    "PEAL_AUTH_ALGORITHMS=ES256",
                    "PEAL_CHANNELS=[{\"match\": \"a\", \"history_size\": 0}]"));
    assert_int_equal(config->auth.origins.count, 2);
    assert_string_equal(config->auth.origins.items[1], "https://*.b.example");
    assert_int_equal(config->auth.algorithms.count, 1);
    assert_int_equal(config->messaging.channels.count, 2);
    config_free(config);
}

static void dev_changes_defaults_only(void **state)
{
    (void)state;
    struct config *config = load((struct config_sources){.dev = true});
    assert_true(config->dev);
    assert_true(config->explain_refusals);
    assert_string_equal(config->host, "127.0.0.1");
    config_free(config);

    char *variables[] = {"PEAL_EXPLAIN_REFUSALS=false", "PEAL_WEB_ROOT=/",
                         NULL};
    config =
        load((struct config_sources){.dev = true, .environment = variables});
    assert_false(config->explain_refusals);
    assert_string_equal(config->web_root, "/");
    config_free(config);
}

static void invalid_variables_are_refused(void **state)
{
    (void)state;
    assert_string_equal(refusal(ENVIRONMENT("PEAL_PORT=abc")),
                        "PEAL_PORT: expected a whole number from 0 to 65535, "
                        "got \"abc\"");
    assert_string_equal(refusal(ENVIRONMENT("PEAL_LIMITS_CONECTIONS=1")),
                        "PEAL_LIMITS_CONECTIONS: unknown key; did you mean "
                        "PEAL_LIMITS_CONNECTIONS?");
    assert_string_equal(refusal(ENVIRONMENT("PEAL_COLOUR=red")),
                        "PEAL_COLOUR: unknown key");
    assert_string_equal(refusal(ENVIRONMENT("PEAL_HOST=\xff")),
                        "PEAL_HOST: not valid UTF-8");
    assert_string_equal(refusal(ENVIRONMENT("PEAL_AUTH_SECRET=")),
                        "PEAL_AUTH_SECRET: expected a non-empty string");
    assert_string_equal(refusal(ENVIRONMENT("PEAL_ORIGINS=https://a.example/")),
                        "PEAL_ORIGINS: entry 1: expected an origin like "
                        "https://example.com or https://*.example.com, got "
                        "\"https://a.example/\"; an origin does not end with "
                        "a slash");
    assert_string_equal(
        refusal(ENVIRONMENT("PEAL_TRUSTED_PROXIES=10.0.0.0/8, 10.0.0.1/33")),
        "PEAL_TRUSTED_PROXIES: entry 2: expected an address range like "
        "10.0.0.0/8 or fd00::1, got \"10.0.0.1/33\"");
    assert_string_equal(
        refusal(ENVIRONMENT("PEAL_DEFAULT_CAPS=[{\"channels\": [],"
                            " \"allow\": []}, {\"channels\": [\"a\", 1]}]")),
        "PEAL_DEFAULT_CAPS: caps: rule 2: \"channels\": entry 2 is not a "
        "string");
    assert_string_equal(
        refusal(ENVIRONMENT("PEAL_DEFAULT_CAPS=[{\"channels\": [\"a\"],"
                            " \"allow\": [\"sub\"], \"evnts\": [\"x\"]}]")),
        "PEAL_DEFAULT_CAPS: caps: rule 1: unknown \"evnts\"; did you mean "
        "\"events\"?");
    assert_string_equal(
        refusal(ENVIRONMENT("PEAL_DEFAULT_CAPS=[{\"match\": \"a\"}]")),
        "PEAL_DEFAULT_CAPS: caps: rule 1: unknown \"match\"; expected "
        "\"channels\", \"clients\", \"events\" and \"allow\"");
}

static void a_variable_name_of_any_length_is_refused(void **state)
{
    (void)state;
    char variable[5000] = "PEAL_";
    memset(variable + 5, 'X', sizeof variable - 8);
    strcpy(variable + sizeof variable - 3, "=1");
    assert_non_null(strstr(refusal(ENVIRONMENT(variable)), "unknown key"));
}

static void invalid_flags_are_refused(void **state)
{
    (void)state;
    assert_string_equal(refusal(FLAG("port", "65536")),
                        "--port: expected a whole number from 0 to 65535, got "
                        "\"65536\"");
    assert_string_equal(refusal(FLAG("port", NULL)),
                        "--port: expected a whole number from 0 to 65535, got "
                        "nothing");
    assert_string_equal(refusal(FLAG("prt", "1")),
                        "--prt: unknown key; did you mean --port?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(environment_beats_file_and_flags_beat_both),
        cmocka_unit_test(the_last_of_equal_flags_wins),
        cmocka_unit_test(lists_are_replaced_not_merged),
        cmocka_unit_test(dev_changes_defaults_only),
        cmocka_unit_test(invalid_variables_are_refused),
        cmocka_unit_test(a_variable_name_of_any_length_is_refused),
        cmocka_unit_test(invalid_flags_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Keys in the environment, values from files, and unrelated variables. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/config_key.h"
#include "config/config_load.h"

#define SECRET "0123456789abcdef0123456789abcdef"

static struct config *load(char **variables)
{
    struct error error;
    struct config_sources sources = {.environment = variables};
    struct config *config = config_load(&sources, &error);
    if (!config)
        fail_msg("%s", error.text);
    return config;
}

static void assert_refused(char **variables, const char *words)
{
    struct error error;
    struct config_sources sources = {.environment = variables};
    assert_null(config_load(&sources, &error));
    if (!strstr(error.text, words))
        fail_msg("\"%s\" lacks \"%s\"", error.text, words);
}

#define LOAD(...)           load((char *[]){__VA_ARGS__, NULL})
#define REFUSED(words, ...) assert_refused((char *[]){__VA_ARGS__, NULL}, words)

/* `name`=path of a file with that content; valid until the next call. */
static char *file_variable(const char *name, const char *content)
{
    static char path[64], variable[128];
    strcpy(path, "/tmp/test_environment_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)),
                     (ssize_t)strlen(content));
    close(fd);
    snprintf(variable, sizeof variable, "%s=%s", name, path);
    return variable;
}

static void remove_file(const char *variable)
{
    unlink(strchr(variable, '=') + 1);
}

/* As set by Kubernetes for the Services peal and peal-redis, and by Docker for
 * links of these names. */
static void unrelated_variables_are_ignored(void **state)
{
    (void)state;
    struct config *config = LOAD(
        "PEAL_PORT=tcp://10.96.12.7:8080", "PEAL_SERVICE_HOST=10.96.12.7",
        "PEAL_SERVICE_PORT=8080", "PEAL_SERVICE_PORT_HTTP=8080",
        "PEAL_PORT_8080_TCP=tcp://10.96.12.7:8080",
        "PEAL_PORT_8080_TCP_PROTO=tcp", "PEAL_PORT_8080_TCP_PORT=8080",
        "PEAL_PORT_8080_TCP_ADDR=10.96.12.7",
        "PEAL_REDIS_PORT=tcp://10.96.3.1:6379",
        "PEAL_REDIS_SERVICE_HOST=10.96.3.1", "PEAL_REDIS_SERVICE_PORT=6379",
        "PEAL_DNS_PORT=udp://10.96.3.1:53", "PEAL_REDIS_NAME=/web/peal-redis",
        "PEAL_REDIS_ENV_REDIS_VERSION=7.0.15");
    assert_int_equal(config->port, 8080);
    assert_int_equal(config->notes.foreign.count, 14);
    assert_string_equal(config->notes.foreign.items[0], "PEAL_PORT");
    config_free(config);
}

static void only_these_patterns_are_ignored(void **state)
{
    (void)state;
    REFUSED("PEAL_REDIS_PORT: unknown key", "PEAL_REDIS_PORT=6379");
    REFUSED("PEAL_SERVICE: unknown key", "PEAL_SERVICE=1");
    REFUSED("PEAL_PORT_TCP: unknown key", "PEAL_PORT_TCP=1");
    REFUSED("PEAL_PORT: expected a whole number", "PEAL_PORT=http://x:1");
    REFUSED("PEAL_NAME: unknown key", "PEAL_NAME=peal");
}

static void any_key_can_be_read_from_a_file(void **state)
{
    (void)state;
    char *variable = file_variable("PEAL_AUTH_SECRET_FILE", SECRET "\r\n");
    struct config *config = LOAD(variable);
    assert_string_equal(config->auth.secret, SECRET);
    assert_int_equal(config->notes.warnings.count, 0);
    config_free(config);
    remove_file(variable);

    variable = file_variable("PEAL_LIMITS_CHANNELS_FILE", "12\n");
    config = LOAD(variable);
    assert_int_equal(config->messaging.limits.channels, 12);
    config_free(config);
    remove_file(variable);
}

/* auth.key_file and auth.jwks_file are keys themselves. */
static void no_key_equals_another_one_with_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_keys.count; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s_file", config_keys.items[i].name);
        assert_null(config_key_find(&config_keys, name));
    }
}

static void an_invalid_file_is_refused(void **state)
{
    (void)state;
    REFUSED("PEAL_AUTH_SECRET_FILE: /no/file: cannot be read: No such file",
            "PEAL_AUTH_SECRET_FILE=/no/file");
    REFUSED("PEAL_COLOUR_FILE: unknown key", "PEAL_COLOUR_FILE=/no/file");
    REFUSED("PEAL_API_KEY_FILE: /dev/zero: larger than 1 MiB",
            "PEAL_API_KEY_FILE=/dev/zero");
    REFUSED("PEAL_API_KEY_FILE and PEAL_API_KEY are both set",
            "PEAL_API_KEY=0123456789abcdef", "PEAL_API_KEY_FILE=/no/file");
    char *variable = file_variable("PEAL_PORT_FILE", "http\n");
    REFUSED("expected a whole number from 0 to 65535, got \"http\"", variable);
    remove_file(variable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unrelated_variables_are_ignored),
        cmocka_unit_test(only_these_patterns_are_ignored),
        cmocka_unit_test(any_key_can_be_read_from_a_file),
        cmocka_unit_test(no_key_equals_another_one_with_file),
        cmocka_unit_test(an_invalid_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

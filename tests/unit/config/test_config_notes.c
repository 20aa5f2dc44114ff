/* Secrets as passed by shells, files and templates. */
#include "unit.h"

#include <stdio.h>

#include "config/config_load.h"

#define SECRET "0123456789abcdef0123456789abcdef"

static struct config *load(const char *secret)
{
    char variable[256];
    struct error error;
    snprintf(variable, sizeof variable, "PEAL_AUTH_SECRET=%s", secret);
    struct config_sources sources = {.environment = (char *[]){variable, NULL}};
    struct config *config = config_load(&sources, &error);
    if (!config)
        fail_msg("%s", error.text);
    return config;
}

static void line_ends_are_not_part_of_a_secret(void **state)
{
    (void)state;
    static const char *const all[] = {SECRET, SECRET "\n", SECRET "\r\n",
                                      SECRET "\n\n"};
    for (size_t i = 0; i < COUNT(all); i++) {
        struct config *config = load(all[i]);
        assert_string_equal(config->auth.secret, SECRET);
        assert_int_equal(config->notes.warnings.count, 0);
        config_free(config);
    }
}

/* They are accepted, because they may be intended. */
static void likely_mistakes_cause_a_warning(void **state)
{
    (void)state;
    static const struct {
        const char *secret;
        const char *warning;
    } cases[] = {
        {"\"" SECRET "\"", "auth.secret: the value is enclosed in quotes, "
                           "which count as part of it"},
        {"'" SECRET "'", "auth.secret: the value is enclosed in quotes, "
                         "which count as part of it"},
        {" " SECRET, "auth.secret: the value begins or ends with white space, "
                     "which counts as part of it"},
        {SECRET "\t", "auth.secret: the value begins or ends with white "
                      "space, which counts as part of it"},
        {SECRET "\n" SECRET, "auth.secret: the value has more than one line"},
        {"${" SECRET "}", "auth.secret: the value looks like a template that "
                          "was not filled in"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct config *config = load(cases[i].secret);
        assert_string_equal(config->auth.secret, cases[i].secret);
        assert_int_equal(config->notes.warnings.count, 1);
        assert_string_equal(config->notes.warnings.items[0], cases[i].warning);
        config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_ends_are_not_part_of_a_secret),
        cmocka_unit_test(likely_mistakes_cause_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

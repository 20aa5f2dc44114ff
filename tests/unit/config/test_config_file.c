/* Invalid config files, and their error messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config_file.h"
#include "config/config_load.h"

static char folder[] = "/tmp/test_config_file_XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? chdir(folder) : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    unlink("x.json");
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void write_file(const char *text, size_t len)
{
    FILE *file = fopen("x.json", "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

/* The error for a file with that text, without its name. */
static const char *answer(const char *text)
{
    static struct error error;
    write_file(text, strlen(text));
    struct config_sources sources = {.file = "x.json"};
    struct config *config = config_load(&sources, &error);
    config_free(config);
    if (config)
        return "loads";
    assert_int_equal(strncmp(error.text, "x.json: ", 8), 0);
    return error.text + 8;
}

static void comments_of_both_kinds_are_allowed(void **state)
{
    (void)state;
    assert_string_equal(answer("// one\n{/* two */ \"port\": 1 // three\n}"),
                        "loads");
    assert_string_equal(answer("{}"), "loads");
}

/* For a key, a section, and a key within a rule. */
static void null_equals_a_missing_member(void **state)
{
    (void)state;
    assert_string_equal(
        answer("{\"port\": null, \"limits\": null, \"host\": null,"
               " \"auth\": {\"algorithms\": null, \"secret\": null},"
               " \"default_caps\": null, \"api\": {\"keys\": null},"
               " \"drain_seconds\": 5.0, \"workers\": 1e0, \"channels\":"
               " [{\"match\": \"a\", \"presence\": null}]}"),
        "loads");
    assert_string_equal(answer("{\"channels\": [{\"match\": null}]}"),
                        "channels: rule 1: match is missing");
    assert_string_equal(answer("{\"channels\": [null]}"),
                        "channels: rule 1: expected an object");
}

static void unknown_keys_get_a_suggestion(void **state)
{
    (void)state;
    assert_string_equal(answer("{\"limits\": {\"conections\": 1}}"),
                        "limits.conections: unknown key; did you mean "
                        "limits.connections?");
    assert_string_equal(answer("{\"limit\": {}}"),
                        "limit: unknown key; did you mean limits?");
    assert_string_equal(answer("{\"zzzzzzzz\": 1}"), "zzzzzzzz: unknown key");
    assert_string_equal(answer("{\"limits\": {\"port\": 1}}"),
                        "limits.port: unknown key; did you mean admin.port?");
    assert_string_equal(answer("{\"Port\": 1}"),
                        "Port: unknown key; did you mean port?");
}

static void invalid_values_are_named(void **state)
{
    (void)state;
    assert_string_equal(answer("{\"port\": \"abc\"}"),
                        "port: expected a whole number from 0 to 65535, got "
                        "\"abc\"");
    assert_string_equal(answer("{\"log\": {\"level\": \"loud\"}}"),
                        "log.level: expected one of debug, info, warn, error, "
                        "got \"loud\"");
    assert_string_equal(answer("{\"limits\": 5}"),
                        "limits: expected an object, got a number");
    assert_string_equal(answer("{\"port\": {}}"),
                        "port: expected a whole number from 0 to 65535, got "
                        "an object");
    assert_string_equal(answer("{\"channels\": [{\"match\": 5}]}"),
                        "channels: rule 1: match: expected a channel name, or "
                        "a prefix and *, got 5");
}

static void a_secret_of_the_wrong_type_is_not_shown(void **state)
{
    (void)state;
    assert_string_equal(answer("{\"auth\": {\"secret\": 12345678}}"),
                        "auth.secret: expected a non-empty string");
}

static void a_key_may_occur_once(void **state)
{
    (void)state;
    assert_string_equal(answer("{\"port\": 1, \"port\": 1}"),
                        "port: given twice");
    assert_string_equal(answer("{\"log\": {}, \"log\": {}}"),
                        "log: given twice");
    assert_string_equal(answer("{\"auth\": {\"issuer\": \"a\", "
                               "\"issuer\": \"b\"}}"),
                        "auth.issuer: given twice");
}

static void dots_are_objects(void **state)
{
    (void)state;
    assert_non_null(strstr(answer("{\"log.level\": \"info\"}"),
                           "log.level: write an object for each dot"));
}

static void syntax_errors_name_the_line(void **state)
{
    (void)state;
    assert_string_equal(answer("{\n  \"port\": 1,\n  oops\n}"),
                        "line 3: not valid JSON");
    assert_string_equal(answer(""), "line 1: not valid JSON");
    assert_non_null(strstr(answer("{} {}"), "not valid JSON"));
    assert_string_equal(answer("[]"), "expected an object, got a list");
}

static void an_invalid_text_is_refused(void **state)
{
    (void)state;
    static struct error error;
    struct config_sources sources = {.file = "x.json"};
    assert_string_equal(answer("{\"host\": \"\xff\"}"), "not valid UTF-8");
    assert_string_equal(answer("{\"host\": \"a\\u0000b\"}"),
                        "\\u0000 is not allowed in a string");
    write_file("{}\0{}", 5);
    assert_null(config_load(&sources, &error));
    assert_string_equal(error.text, "x.json: not valid UTF-8");
}

static void unreadable_files_are_reported(void **state)
{
    (void)state;
    struct error error;
    struct config_sources missing = {.file = "y.json"};
    assert_null(config_load(&missing, &error));
    assert_string_equal(error.text, "y.json: cannot be read: No such file or "
                                    "directory");
    struct config_sources directory = {.file = "/tmp"};
    assert_null(config_load(&directory, &error));
    assert_string_equal(error.text, "/tmp: cannot be read: Is a directory");
    struct config_sources endless = {.file = "/dev/zero"};
    assert_null(config_load(&endless, &error));
    assert_string_equal(error.text, "/dev/zero: larger than 1 MiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comments_of_both_kinds_are_allowed),
        cmocka_unit_test(null_equals_a_missing_member),
        cmocka_unit_test(unknown_keys_get_a_suggestion),
        cmocka_unit_test(invalid_values_are_named),
        cmocka_unit_test(a_secret_of_the_wrong_type_is_not_shown),
        cmocka_unit_test(a_key_may_occur_once),
        cmocka_unit_test(dots_are_objects),
        cmocka_unit_test(syntax_errors_name_the_line),
        cmocka_unit_test(an_invalid_text_is_refused),
        cmocka_unit_test(unreadable_files_are_reported),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}

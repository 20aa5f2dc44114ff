#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "commands/command_line.h"

static struct error error;

/* Parses arguments up to NULL; on failure, the reason is in `error`. */
static bool parse(struct command_line *line, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    *line = (struct command_line){0};
    return command_line_parse(line, argc, argv, &error);
}

#define PARSE(line, ...) parse(line, (char *[]){"peal", __VA_ARGS__, NULL})

static const char *refusal(char **argv)
{
    struct command_line line;
    assert_false(parse(&line, argv));
    assert_null(line.flags);
    return error.text;
}

#define REFUSAL(...) refusal((char *[]){"peal", __VA_ARGS__, NULL})

static void without_arguments_it_serves(void **state)
{
    (void)state;
    struct command_line line;
    assert_true(parse(&line, (char *[]){"peal", NULL}));
    assert_int_equal(line.action, COMMAND_LINE_SERVE);
    assert_int_equal(line.sources.flag_count, 0);
    assert_null(line.sources.file);
    assert_false(line.sources.dev);
    command_line_deinit(&line);
}

static void options_have_two_forms(void **state)
{
    (void)state;
    struct command_line line;
    assert_true(PARSE(&line, "--config", "a b.json", "--dev"));
    assert_string_equal(line.sources.file, "a b.json");
    assert_true(line.sources.dev);
    command_line_deinit(&line);
    assert_true(PARSE(&line, "--config=c=d.json", "--check-config"));
    assert_string_equal(line.sources.file, "c=d.json");
    assert_int_equal(line.action, COMMAND_LINE_CHECK_CONFIG);
    command_line_deinit(&line);
}

static void keys_have_two_forms(void **state)
{
    (void)state;
    struct command_line line;
    assert_true(
        PARSE(&line, "--port", "9", "--limits.channels=10", "--echo_prefix="));
    const struct config_flag *flags = line.sources.flags;
    assert_int_equal(line.sources.flag_count, 3);
    assert_string_equal(flags[0].name, "port");
    assert_string_equal(flags[0].value, "9");
    assert_string_equal(flags[1].name, "limits.channels");
    assert_string_equal(flags[1].value, "10");
    assert_string_equal(flags[2].value, "");
    command_line_deinit(&line);
}

static void bools_need_no_value(void **state)
{
    (void)state;
    struct command_line line;
    assert_true(PARSE(&line, "--insecure", "--single_connection", "false",
                      "--auth.query_token=true", "--explain_refusals"));
    const struct config_flag *flags = line.sources.flags;
    assert_int_equal(line.sources.flag_count, 4);
    assert_null(flags[0].value);
    assert_string_equal(flags[1].value, "false");
    assert_string_equal(flags[2].value, "true");
    assert_null(flags[3].value);
    command_line_deinit(&line);
}

static void a_missing_value_is_left_to_the_config(void **state)
{
    (void)state;
    struct command_line line;
    assert_true(PARSE(&line, "--port"));
    assert_null(line.sources.flags[0].value);
    command_line_deinit(&line);
}

static void unknown_arguments_get_a_suggestion(void **state)
{
    (void)state;
    assert_string_equal(REFUSAL("--prot", "9"),
                        "--prot: unknown flag; did you mean --port?");
    assert_string_equal(REFUSAL("--confg", "x"),
                        "--confg: unknown flag; did you mean --config?");
    assert_string_equal(REFUSAL("--web-root", "x"),
                        "--web-root: unknown flag; did you mean --web_root?");
    assert_string_equal(REFUSAL("tokn"),
                        "tokn: unknown argument; did you mean token?");
    assert_string_equal(REFUSAL("--"), "--: unknown flag");
    assert_string_equal(REFUSAL(""), ": unknown argument");
    assert_string_equal(REFUSAL("--config"), "--config: expected a FILE");
    assert_string_equal(REFUSAL("--dev=1"), "--dev: takes no value");
}

static void secrets_are_refused_and_not_repeated(void **state)
{
    (void)state;
    const char *why = REFUSAL("--auth.secret=hush");
    assert_non_null(strstr(why, "PEAL_AUTH_SECRET"));
    assert_null(strstr(why, "hush"));
    assert_null(strstr(REFUSAL("--auth.secret", "hush"), "hush"));
    assert_string_equal(REFUSAL("--auth.secrt=hush"),
                        "--auth.secrt: unknown flag; did you mean "
                        "--auth.secret?");
}

static void the_first_word_may_be_a_command(void **state)
{
    (void)state;
    assert_null(command_line_find(1, (char *[]){"peal", NULL}));
    assert_null(command_line_find(2, (char *[]){"peal", "--dev", NULL}));
    const struct command *token =
        command_line_find(2, (char *[]){"peal", "token", NULL});
    assert_non_null(token);
    assert_string_equal(token->name, "token");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_arguments_it_serves),
        cmocka_unit_test(options_have_two_forms),
        cmocka_unit_test(keys_have_two_forms),
        cmocka_unit_test(bools_need_no_value),
        cmocka_unit_test(a_missing_value_is_left_to_the_config),
        cmocka_unit_test(unknown_arguments_get_a_suggestion),
        cmocka_unit_test(secrets_are_refused_and_not_repeated),
        cmocka_unit_test(the_first_word_may_be_a_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

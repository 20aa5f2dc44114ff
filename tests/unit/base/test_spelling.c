#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/spelling.h"

static void distance_counts_changed_letters(void **state)
{
    (void)state;
    assert_int_equal(spelling_distance("port", "port"), 0);
    assert_int_equal(spelling_distance("prot", "port"), 2);
    assert_int_equal(spelling_distance("ports", "port"), 1);
    assert_int_equal(spelling_distance("", "port"), 4);
    assert_int_equal(spelling_distance("port", ""), 4);
    assert_int_equal(spelling_distance("host", "port"), 2);
}

static void distance_ignores_case_and_separators(void **state)
{
    (void)state;
    assert_int_equal(spelling_distance("LOG_LEVEL", "log.level"), 0);
    assert_int_equal(spelling_distance("web-root", "web_root"), 0);
}

static void the_nearest_candidate_is_kept(void **state)
{
    (void)state;
    struct spelling spelling = {.wanted = "limits.conections"};
    spelling_offer(&spelling, "limits.channels");
    spelling_offer(&spelling, "limits.connections");
    spelling_offer(&spelling, "limits.connections_per_ip");
    assert_string_equal(spelling_best(&spelling), "limits.connections");
}

static void without_a_near_candidate_there_is_no_suggestion(void **state)
{
    (void)state;
    struct spelling spelling = {.wanted = "colour"};
    assert_null(spelling_best(&spelling));
    spelling_offer(&spelling, "port");
    assert_null(spelling_best(&spelling));
}

static void a_long_name_is_truncated(void **state)
{
    (void)state;
    char name[1000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct spelling spelling = {.wanted = name};
    spelling_offer(&spelling, "port");
    struct error error;
    assert_false(spelling_refuse(&spelling, "--", "flag", &error));
    assert_true(strlen(error.text) < 100);
}

static void refusal_names_both(void **state)
{
    (void)state;
    struct error error;
    struct spelling spelling = {.wanted = "prot"};
    assert_false(spelling_refuse(&spelling, "--", "flag", &error));
    assert_string_equal(error.text, "--prot: unknown flag");
    spelling_offer(&spelling, "port");
    assert_false(spelling_refuse(&spelling, "--", "flag", &error));
    assert_string_equal(error.text,
                        "--prot: unknown flag; did you mean --port?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distance_counts_changed_letters),
        cmocka_unit_test(distance_ignores_case_and_separators),
        cmocka_unit_test(the_nearest_candidate_is_kept),
        cmocka_unit_test(without_a_near_candidate_there_is_no_suggestion),
        cmocka_unit_test(a_long_name_is_truncated),
        cmocka_unit_test(refusal_names_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include <stdio.h>

#include "base/text_list.h"

static void texts_are_copied_and_kept_in_order(void **state)
{
    (void)state;
    struct text_list list = {0};
    char text[16];
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "t%d", i);
        text_list_add(&list, text);
    }
    assert_int_equal(list.count, 100);
    assert_string_equal(list.items[0], "t0");
    assert_string_equal(list.items[99], "t99");
    text_list_deinit(&list);
}

static void a_freed_list_is_empty(void **state)
{
    (void)state;
    struct text_list list = {0};
    text_list_deinit(&list);
    text_list_add(&list, "");
    text_list_deinit(&list);
    assert_int_equal(list.count, 0);
    text_list_add(&list, "again");
    assert_string_equal(list.items[0], "again");
    text_list_deinit(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_copied_and_kept_in_order),
        cmocka_unit_test(a_freed_list_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

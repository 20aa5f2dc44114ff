#include "unit.h"

#include "messaging/options.h"

static void the_first_match_applies(void **state)
{
    (void)state;
    struct channel_options items[] = {
        {.match = "chat:vip"}, {.match = "chat:*"}, {.match = "*"}};
    const struct channel_options_list list = {.items = items,
                                              .count = COUNT(items)};
    assert_ptr_equal(channel_options_find(&list, "chat:vip"), &items[0]);
    assert_ptr_equal(channel_options_find(&list, "chat:other"), &items[1]);
    assert_ptr_equal(channel_options_find(&list, "chat:vips"), &items[1]);
    assert_ptr_equal(channel_options_find(&list, "lobby"), &items[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_match_applies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

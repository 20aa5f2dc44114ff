#include "unit.h"

#include "messaging/store/epoch.h"

static void written_epochs_can_be_read(void **state)
{
    (void)state;
    static const uint64_t epochs[] = {0, 1, 0x0123456789abcdef, UINT64_MAX};
    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
        char text[EPOCH_LEN + 1];
        uint64_t epoch;
        epoch_encode(epochs[i], text);
        assert_int_equal(strlen(text), EPOCH_LEN);
        assert_true(epoch_decode(bytes_of(text), &epoch));
        assert_int_equal(epoch, epochs[i]);
    }
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const strange[] = {
        " 123456789abcdef",  "+123456789abcdef",
        "-123456789abcdef",  "0x23456789abcdef",
        "0123456789ABCDEF",  "0123456789abcde",
        "0123456789abcdef0", "0123456789abcde ",
        "0123456789abcdeg",  "",
    };
    uint64_t epoch;
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
        assert_false(epoch_decode(bytes_of(strange[i]), &epoch));
}

static void a_new_epoch_sorts_after_all_others(void **state)
{
    (void)state;
    uint64_t first = epoch_after(0);
    uint64_t ahead = first + ((uint64_t)1 << 40); /* of another machine */
    assert_true(epoch_after(first) > first);
    assert_int_equal(epoch_after(ahead), ahead + 1);
    assert_true(epoch_after(0) < ahead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_epochs_can_be_read),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(a_new_epoch_sorts_after_all_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

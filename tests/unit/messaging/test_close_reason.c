#include "unit.h"

#include "messaging/close_reason.h"

static void every_reason_has_a_unique_name(void **state)
{
    (void)state;
    for (enum close_reason i = 0; i < CLOSE_REASON_COUNT; i++) {
        const struct close_reason_info *info = close_reason_info(i);
        assert_non_null(info->name);
        assert_true(info->name[0]);
        for (enum close_reason j = 0; j < i; j++)
            assert_string_not_equal(info->name, close_reason_info(j)->name);
    }
}

static void a_text_fits_a_close_frame(void **state)
{
    (void)state;
    for (enum close_reason i = 0; i < CLOSE_REASON_COUNT; i++) {
        const struct close_reason_info *info = close_reason_info(i);
        assert_non_null(info->text);
        assert_true(strlen(info->text) <= 123);
        assert_int_equal(info->code != 0, info->text[0] != '\0');
    }
}

/* tests/layout checks that each code is in protocols/websocket.md. */
static void codes_are_in_documented_ranges(void **state)
{
    (void)state;
    for (enum close_reason i = 0; i < CLOSE_REASON_COUNT; i++) {
        int code = close_reason_info(i)->code;
        bool stay_away = code >= 4400 && code < 4500;
        bool come_back = (code >= 4500 && code < 4600) || code == 1012;
        bool is_fatal = code == 1002 || code == 1007 || code == 1009;
        assert_true(!code || stay_away || come_back || is_fatal);
    }
}

/* A connection that does not read must not wait for its unread data. */
static void slow_and_silent_connections_are_not_flushed(void **state)
{
    (void)state;
    assert_false(close_reason_info(CLOSE_TOO_SLOW)->flush);
    assert_false(close_reason_info(CLOSE_NO_PONG)->flush);
    assert_false(close_reason_info(CLOSE_CONNECTION_LOST)->flush);
    assert_true(close_reason_info(CLOSE_RESTART)->flush);
    assert_true(close_reason_info(CLOSE_BAD_MESSAGES)->flush);
}

static void a_custom_text_fits_too(void **state)
{
    (void)state;
    char text[CLOSE_TEXT_MAX + 1];
    memset(text, 'x', sizeof text);
    assert_true(close_text_is_valid((struct bytes){0}));
    assert_true(close_text_is_valid((struct bytes){text, CLOSE_TEXT_MAX}));
    assert_false(close_text_is_valid((struct bytes){text, sizeof text}));
    assert_true(close_text_is_valid(bytes_of("caf\xc3\xa9")));
    assert_false(close_text_is_valid(bytes_of("caf\xe9")));
    assert_false(close_text_is_valid(bytes_of("caf\xc3")));
    assert_false(close_text_is_valid((struct bytes){"a\0b", 3}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_unique_name),
        cmocka_unit_test(a_text_fits_a_close_frame),
        cmocka_unit_test(codes_are_in_documented_ranges),
        cmocka_unit_test(slow_and_silent_connections_are_not_flushed),
        cmocka_unit_test(a_custom_text_fits_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "messaging/store/history.h"

static const struct channel_options options = {.history_size = 5,
                                               .history_seconds = 10};

static void append_at(struct history *history, uint64_t offset, int64_t time_ms)
{
    struct message *message =
        message_new(MESSAGE_PUBLICATION, BYTES_LITERAL("c"), BYTES_LITERAL("a"),
                    BYTES_LITERAL("1"));
    message->offset = offset;
    message->time_ms = time_ms;
    history_append(history, message, &options);
    message_unref(message);
}

static void append(struct history *history, uint64_t from, uint64_t to)
{
    for (uint64_t offset = from; offset <= to; offset++)
        append_at(history, offset, 1000000);
}

static void assert_holds(const struct history *history, uint64_t from,
                         uint64_t to)
{
    assert_int_equal(history->count, to + 1 - from);
    for (uint64_t offset = from; offset <= to; offset++)
        assert_int_equal(history_at(history, (uint32_t)(offset - from))->offset,
                         offset);
}

static void the_oldest_are_removed_when_it_is_full(void **state)
{
    (void)state;
    struct history history = {0};
    append(&history, 1, 3);
    assert_holds(&history, 1, 3);
    append(&history, 4, 5);
    assert_holds(&history, 1, 5);
    append(&history, 6, 22);
    assert_holds(&history, 18, 22);
    history_clear(&history);
}

static void bytes_are_those_of_the_held_messages(void **state)
{
    (void)state;
    struct history history = {0};
    append(&history, 1, 50);
    size_t one = history.bytes / 5;
    assert_int_equal(history.bytes, 5 * one);
    assert_true(one > message_size(history_at(&history, 0)));
    history_clear(&history);
    assert_int_equal(history.bytes, 0);
    assert_null(history.messages);
}

static void old_messages_expire(void **state)
{
    (void)state;
    struct history history = {0};
    append_at(&history, 1, 1000);
    append_at(&history, 2, 5000);
    append_at(&history, 3, 9000);
    history_expire(&history, &options, 11000);
    assert_holds(&history, 1, 3);
    history_expire(&history, &options, 11001);
    assert_holds(&history, 2, 3);
    append_at(&history, 4, 18500);
    assert_holds(&history, 3, 4);
    history_expire(&history, &options, 100000);
    assert_int_equal(history.count, 0);
    assert_null(history.messages);
    append_at(&history, 5, 100000);
    assert_holds(&history, 5, 5);
    history_clear(&history);
}

static void no_history_keeps_nothing(void **state)
{
    (void)state;
    const struct channel_options none = {.history_seconds = 10};
    struct history history = {0};
    struct message *message =
        message_new(MESSAGE_PUBLICATION, BYTES_LITERAL("c"), (struct bytes){0},
                    BYTES_LITERAL("1"));
    history_append(&history, message, &none);
    assert_int_equal(history.count, 0);
    message_unref(message);
}

static void the_oldest_can_be_dropped(void **state)
{
    (void)state;
    struct history history = {0};
    append(&history, 1, 3);
    history_drop_oldest(&history);
    assert_holds(&history, 2, 3);
    history_drop_oldest(&history);
    history_drop_oldest(&history);
    assert_int_equal(history.count, 0);
    assert_int_equal(history.bytes, 0);
}

static void assert_finds(const struct history *history, uint64_t offset,
                         uint64_t newest, uint64_t first)
{
    uint32_t index;
    assert_true(history_find(history, offset, newest, &index));
    assert_true(index < history->count);
    assert_int_equal(history_at(history, index)->offset, first);
}

static void assert_finds_nothing_missed(const struct history *history,
                                        uint64_t offset, uint64_t newest)
{
    uint32_t index;
    assert_true(history_find(history, offset, newest, &index));
    assert_int_equal(index, history->count);
}

static void assert_lost(const struct history *history, uint64_t offset,
                        uint64_t newest)
{
    uint32_t index;
    assert_false(history_find(history, offset, newest, &index));
}

static void a_position_is_found_up_to_the_oldest(void **state)
{
    (void)state;
    struct history history = {0};
    append(&history, 1, 12); /* messages 8 to 12 are held */
    assert_finds_nothing_missed(&history, 12, 12);
    assert_finds(&history, 11, 12, 12);
    assert_finds(&history, 8, 12, 9);
    assert_finds(&history, 7, 12, 8);
    assert_lost(&history, 6, 12);
    assert_lost(&history, 0, 12);
    assert_lost(&history, 13, 12);
    assert_lost(&history, UINT64_MAX, 12);
    history_clear(&history);
}

static void an_empty_history_knows_only_the_newest_position(void **state)
{
    (void)state;
    struct history history = {0};
    assert_finds_nothing_missed(&history, 0, 0);
    assert_finds_nothing_missed(&history, 7, 7);
    assert_lost(&history, 6, 7);
    assert_lost(&history, 8, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_are_removed_when_it_is_full),
        cmocka_unit_test(bytes_are_those_of_the_held_messages),
        cmocka_unit_test(old_messages_expire),
        cmocka_unit_test(no_history_keeps_nothing),
        cmocka_unit_test(the_oldest_can_be_dropped),
        cmocka_unit_test(a_position_is_found_up_to_the_oldest),
        cmocka_unit_test(an_empty_history_knows_only_the_newest_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

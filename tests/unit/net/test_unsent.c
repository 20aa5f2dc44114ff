#include "unit.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/unsent.h"

static int ours, theirs;
static struct unsent unsent;

static int set_up(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ours = pair[0];
    theirs = pair[1];
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unsent_deinit(&unsent);
    close(ours);
    close(theirs);
    return 0;
}

static void fill_the_kernel(void)
{
    static char block[65536];
    while (unsent_try(ours, (struct bytes){block, sizeof block}) > 0)
        ;
}

static void empty_the_kernel(void)
{
    static char block[65536];
    while (recv(theirs, block, sizeof block, MSG_DONTWAIT) > 0)
        ;
}

static void unsent_data_is_sent_later_in_order(void **state)
{
    (void)state;
    char got[16] = "";
    fill_the_kernel();
    assert_true(unsent_send(&unsent, ours, BYTES_LITERAL("one ")));
    assert_true(unsent_send(&unsent, ours, BYTES_LITERAL("two ")));
    unsent_keep(&unsent, BYTES_LITERAL("three"));
    assert_int_equal(unsent_len(&unsent), 13);
    assert_true(unsent_flush(&unsent, ours));
    assert_int_equal(unsent_len(&unsent), 13);
    empty_the_kernel();
    assert_true(unsent_flush(&unsent, ours));
    assert_true(unsent_is_empty(&unsent));
    assert_int_equal(recv(theirs, got, sizeof got, MSG_DONTWAIT), 13);
    assert_string_equal(got, "one two three");
}

/* When a crowd that does not read is closed at once, its unsent data must not
 * be copied for the close frames. */
static void a_control_frame_needs_no_more_memory(void **state)
{
    (void)state;
    static char message[40000];
    fill_the_kernel();
    assert_true(
        unsent_send(&unsent, ours, (struct bytes){message, sizeof message}));
    size_t room = malloc_usable_size(unsent.bytes);
    unsent_keep(&unsent, (struct bytes){message, 125 + 2});
    assert_int_equal(malloc_usable_size(unsent.bytes), room);
    assert_int_equal(unsent_len(&unsent), sizeof message + 127);
}

static void a_dead_socket_is_reported(void **state)
{
    (void)state;
    fill_the_kernel();
    assert_true(unsent_send(&unsent, ours, BYTES_LITERAL("lost")));
    shutdown(theirs, SHUT_RDWR);
    assert_false(unsent_flush(&unsent, ours));
    unsent_deinit(&unsent);
    assert_int_equal(unsent_try(ours, BYTES_LITERAL("lost")), -1);
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unsent_data_is_sent_later_in_order),
        TEST(a_control_frame_needs_no_more_memory),
        TEST(a_dead_socket_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

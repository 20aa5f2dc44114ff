#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/send_ring.h"

enum { PAIRS = 100 };

static int ours[PAIRS];
static int theirs[PAIRS];
static int sent_to[PAIRS]; /* the results of `done` */
static unsigned done_count;

/* The ring never accesses a socket: here it is a number. */
static struct socket *socket_number(int number)
{
    return (struct socket *)&sent_to[number];
}

static void note(struct socket *socket, struct bytes bytes, int sent)
{
    (void)bytes;
    *(int *)(void *)socket = sent;
    done_count++;
}

static struct send_ring *ring;

static int set_up(void **state)
{
    (void)state;
    ring = send_ring_new(note);
    if (!ring) {
        /* a kernel before 6.0, or a container that forbids io_uring: the server
         * works without it, and reports the reason */
        assert_true(errno == ENOSYS || errno == EPERM || errno == EINVAL);
        print_message("no io_uring here: %s\n", strerror(errno));
    }
    for (int i = 0; i < PAIRS; i++) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        ours[i] = pair[0];
        theirs[i] = pair[1];
        sent_to[i] = 0;
    }
    done_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    send_ring_free(ring);
    for (int i = 0; i < PAIRS; i++) {
        close(ours[i]);
        close(theirs[i]);
    }
    return 0;
}

static void add(int number, struct bytes bytes)
{
    send_ring_add(ring, socket_number(number), ours[number], bytes);
}

static void expect_read(int number, const char *text)
{
    char buffer[64] = "";
    ssize_t len = recv(theirs[number], buffer, sizeof buffer - 1, MSG_DONTWAIT);
    assert_int_equal(len, strlen(text));
    assert_string_equal(buffer, text);
}

static void each_socket_gets_its_data(void **state)
{
    (void)state;
    static const char *const texts[] = {"a", "bb", "ccc", "dddd", "eeeee"};
    if (!ring)
        return;
    for (int i = 0; i < 5; i++)
        add(i, bytes_of(texts[i]));
    assert_int_equal(done_count, 0);
    send_ring_send(ring);
    assert_int_equal(done_count, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(sent_to[i], i + 1);
        expect_read(i, texts[i]);
    }
}

static void a_single_write_is_sent_too(void **state)
{
    (void)state;
    if (!ring)
        return;
    send_ring_send(ring);
    assert_int_equal(done_count, 0);
    add(0, BYTES_LITERAL("alone"));
    send_ring_send(ring);
    assert_int_equal(sent_to[0], 5);
    expect_read(0, "alone");
}

static void excess_writes_are_sent_early(void **state)
{
    (void)state;
    if (!ring)
        return;
    for (int i = 0; i < PAIRS; i++)
        add(i, BYTES_LITERAL("hello"));
    assert_int_equal(done_count, SEND_RING_SENDS);
    send_ring_send(ring);
    assert_int_equal(done_count, PAIRS);
    for (int i = 0; i < PAIRS; i++)
        expect_read(i, "hello");
}

/* One is full, one is closed: the others are unaffected. */
static void each_write_reports_its_result(void **state)
{
    (void)state;
    static char big[4 << 20];
    const struct bytes all = {big, sizeof big};
    if (!ring)
        return;
    for (int round = 0; round < 2; round++) {
        add(0, BYTES_LITERAL("first"));
        add(1, all);
        add(2, BYTES_LITERAL("gone"));
        add(3, BYTES_LITERAL("last"));
        if (round == 0)
            close(theirs[2]);
        send_ring_send(ring);
        assert_int_equal(sent_to[0], 5);
        assert_int_equal(sent_to[3], 4);
        assert_int_equal(sent_to[2], -EPIPE); /* and no signal */
        if (round == 0)
            assert_in_range(sent_to[1], 1, sizeof big - 1);
        else
            assert_int_equal(sent_to[1], -EAGAIN);
    }
    theirs[2] = dup(theirs[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_socket_gets_its_data),
        TEST(a_single_write_is_sent_too),
        TEST(excess_writes_are_sent_early),
        TEST(each_write_reports_its_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"

struct turner {
    struct loop *loop;
    unsigned turns;
    unsigned fires;
    struct loop_timer *timer;
    struct loop_watch *watch;
    int fd;
    unsigned events;
};

static void on_turn(void *arg)
{
    struct turner *turner = arg;
    turner->turns++;
}

static void end(struct turner *turner)
{
    loop_stop(turner->loop);
    loop_timer_free(turner->timer);
    turner->timer = NULL;
}

static void count_to_three(void *arg)
{
    struct turner *turner = arg;
    if (++turner->fires == 3)
        end(turner);
}

static struct turner *begin(void)
{
    static struct turner turner;
    turner = (struct turner){0};
    turner.loop = loop_new(on_turn, &turner);
    return &turner;
}

static void a_loop_that_never_ran_can_be_freed(void **state)
{
    (void)state;
    struct turner *turner = begin();
    loop_finish(turner->loop);
    loop_free(turner->loop);
}

static void a_timer_repeats_until_it_is_freed(void **state)
{
    (void)state;
    struct turner *turner = begin();
    turner->timer = loop_timer_new(turner->loop, 1, 1, count_to_three, turner);
    loop_run(turner->loop);
    assert_int_equal(turner->fires, 3);
    assert_true(turner->turns >= 3);
    loop_finish(turner->loop);
    loop_free(turner->loop);
}

/* Blocks the loop for longer than the timer's interval. */
static void hold_up(void *arg)
{
    struct turner *turner = arg;
    uint64_t late_ns = loop_timer_late_ns(turner->timer);
    if (turner->fires++ == 0) {
        assert_true(late_ns < 500000000);
        usleep(60000);
        return;
    }
    assert_true(late_ns >= 40000000);
    end(turner);
}

static void a_timer_reports_its_delay(void **state)
{
    (void)state;
    struct turner *turner = begin();
    turner->timer = loop_timer_new(turner->loop, 10, 10, hold_up, turner);
    loop_run(turner->loop);
    loop_finish(turner->loop);
    loop_free(turner->loop);
}

static void fire_once(void *arg)
{
    struct turner *turner = arg;
    turner->fires++;
    end(turner);
}

static void a_timer_may_fire_once(void **state)
{
    (void)state;
    struct turner *turner = begin();
    turner->timer = loop_timer_new(turner->loop, 1, 0, fire_once, turner);
    loop_run(turner->loop);
    assert_int_equal(turner->fires, 1);
    loop_finish(turner->loop);
    loop_free(turner->loop);
}

static void *wake_later(void *arg)
{
    struct turner *turner = arg;
    usleep(10000);
    loop_wake(turner->loop);
    return NULL;
}

static void end_at_wake(void *arg)
{
    struct turner *turner = arg;
    /* prepare, then the sleep that only the wake-up ends, then check */
    if (++turner->turns == 2)
        loop_stop(turner->loop);
}

static void another_thread_ends_the_sleep(void **state)
{
    (void)state;
    struct turner turner = {0};
    pthread_t thread;
    turner.loop = loop_new(end_at_wake, &turner);
    pthread_create(&thread, NULL, wake_later, &turner);
    loop_run(turner.loop);
    pthread_join(thread, NULL);
    assert_true(turner.turns >= 2);
    loop_finish(turner.loop);
    loop_free(turner.loop);
}

static void read_one(void *arg, unsigned events)
{
    struct turner *turner = arg;
    char c;
    assert_int_equal(read(turner->fd, &c, 1), 1);
    turner->events |= events;
    if (++turner->fires < 3)
        return;
    loop_watch_free(turner->watch);
    loop_stop(turner->loop);
}

static void a_readable_descriptor_triggers_the_callback(void **state)
{
    (void)state;
    struct turner *turner = begin();
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    turner->fd = ends[0];
    turner->watch =
        loop_watch_new(turner->loop, ends[0], LOOP_READABLE, read_one, turner);
    assert_non_null(turner->watch);
    loop_run(turner->loop);
    assert_int_equal(turner->fires, 3);
    assert_int_equal(turner->events, LOOP_READABLE);
    loop_finish(turner->loop);
    loop_free(turner->loop);
    close(ends[0]);
    close(ends[1]);
}

static void data_before_an_error_can_be_read_in_parts(void **state)
{
    (void)state;
    struct turner *turner = begin();
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(write(ends[0], "never read: a reset", 19), 19);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    close(ends[1]);
    turner->fd = ends[0];
    turner->watch =
        loop_watch_new(turner->loop, ends[0], LOOP_READABLE, read_one, turner);
    loop_run(turner->loop);
    assert_int_equal(turner->fires, 3);
    loop_finish(turner->loop);
    loop_free(turner->loop);
    close(ends[0]);
}

static void note_events(void *arg, unsigned events)
{
    struct turner *turner = arg;
    turner->events |= events;
    loop_watch_free(turner->watch);
    loop_stop(turner->loop);
}

static void a_writable_descriptor_triggers_the_callback(void **state)
{
    (void)state;
    struct turner *turner = begin();
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    turner->watch = loop_watch_new(turner->loop, ends[1], LOOP_WRITABLE,
                                   note_events, turner);
    loop_run(turner->loop);
    assert_int_equal(turner->events, LOOP_WRITABLE);
    loop_finish(turner->loop);
    loop_free(turner->loop);
    close(ends[0]);
    close(ends[1]);
}

static void resume_watch(void *arg)
{
    struct turner *turner = arg;
    assert_int_equal(turner->events, 0);
    loop_timer_free(turner->timer);
    turner->timer = NULL;
    loop_watch_set(turner->watch, LOOP_READABLE);
}

static void a_paused_watch_is_silent(void **state)
{
    (void)state;
    struct turner *turner = begin();
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "a", 1), 1);
    turner->watch = loop_watch_new(turner->loop, ends[0], LOOP_READABLE,
                                   note_events, turner);
    loop_watch_set(turner->watch, 0);
    turner->timer = loop_timer_new(turner->loop, 20, 0, resume_watch, turner);
    loop_run(turner->loop);
    assert_int_equal(turner->events, LOOP_READABLE);
    loop_finish(turner->loop);
    loop_free(turner->loop);
    close(ends[0]);
    close(ends[1]);
}

static void an_invalid_descriptor_is_reported(void **state)
{
    (void)state;
    struct turner *turner = begin();
    assert_null(
        loop_watch_new(turner->loop, -1, LOOP_READABLE, note_events, turner));
    loop_watch_free(NULL);
    loop_timer_free(NULL);
    loop_finish(turner->loop);
    loop_free(turner->loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loop_that_never_ran_can_be_freed),
        cmocka_unit_test(a_timer_repeats_until_it_is_freed),
        cmocka_unit_test(a_timer_reports_its_delay),
        cmocka_unit_test(a_timer_may_fire_once),
        cmocka_unit_test(another_thread_ends_the_sleep),
        cmocka_unit_test(a_readable_descriptor_triggers_the_callback),
        cmocka_unit_test(data_before_an_error_can_be_read_in_parts),
        cmocka_unit_test(a_writable_descriptor_triggers_the_callback),
        cmocka_unit_test(a_paused_watch_is_silent),
        cmocka_unit_test(an_invalid_descriptor_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

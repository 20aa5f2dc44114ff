#include "base/loop.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include <uv.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/unwatched.h"

struct loop {
    uv_loop_t uv;
    uv_async_t async;
    uv_prepare_t prepare;
    uv_check_t check;
    void (*turn)(void *arg);
    void (*give_up)(void *arg, int fd); /* NULL: not wanted */
    void *arg;
};

struct loop_timer {
    uv_timer_t uv;
    uint64_t due_ms; /* by libuv's clock, which is the steady one */
    uint64_t late_ns;
    void (*fire)(void *arg);
    void *arg;
};

struct loop_watch {
    uv_poll_t uv;
    unsigned events; /* watched for now */
    void (*ready)(void *arg, unsigned events);
    void *arg;
};

/* Nothing to do: the turn that follows does the work. */
static void on_async(uv_async_t *async)
{
    (void)async;
}

static void take_turn(struct loop *loop)
{
    int fd;
    while ((fd = unwatched_take()) >= 0) {
        PANIC_IF(fd == loop->uv.async_io_watcher.fd); /* no other events */
        if (loop->give_up)
            loop->give_up(loop->arg, fd);
    }
    loop->turn(loop->arg);
}

static void on_prepare(uv_prepare_t *prepare)
{
    take_turn(prepare->data);
}

static void on_check(uv_check_t *check)
{
    take_turn(check->data);
}

static void *allocate(size_t size)
{
    return memory_new(1, size);
}

static void *reallocate(void *old, size_t size)
{
    return memory_resize(old, size, 1);
}

/* libuv aborts silently when out of memory: these functions print a message. */
static void give_memory(void)
{
    PANIC_IF(uv_replace_allocator(allocate, reallocate, memory_new, free));
}

struct loop *loop_new(void (*turn)(void *arg), void *arg)
{
    static pthread_once_t is_given = PTHREAD_ONCE_INIT;
    pthread_once(&is_given, give_memory);
    struct loop *loop = memory_new(1, sizeof *loop);
    loop->turn = turn;
    loop->arg = arg;
    PANIC_IF(uv_loop_init(&loop->uv));
    PANIC_IF(uv_async_init(&loop->uv, &loop->async, on_async));
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_check_init(&loop->uv, &loop->check);
    loop->prepare.data = loop->check.data = loop;
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_check_start(&loop->check, on_check);
    return loop;
}

void loop_on_unwatched(struct loop *loop, void (*give_up)(void *arg, int fd))
{
    loop->give_up = give_up;
}

static void wake_up(void *loop)
{
    loop_wake(loop);
}

void loop_run(struct loop *loop)
{
    unwatched_tell(wake_up, loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_close((uv_handle_t *)&loop->async, NULL);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
}

void loop_leave(struct loop *loop)
{
    uv_stop(&loop->uv);
}

void loop_finish(struct loop *loop)
{
    if (!uv_is_closing((uv_handle_t *)&loop->async))
        loop_stop(loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_free(struct loop *loop)
{
    PANIC_IF(uv_loop_close(&loop->uv));
    free(loop);
}

void loop_wake(struct loop *loop)
{
    uv_async_send(&loop->async);
}

void *loop_native(struct loop *loop)
{
    return &loop->uv;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_timer(uv_timer_t *uv)
{
    struct loop_timer *timer = uv->data;
    uint64_t due_ns = timer->due_ms * 1000000;
    uint64_t now_ns = clock_steady_ns();
    timer->late_ns = now_ns > due_ns ? now_ns - due_ns : 0;
    timer->due_ms = uv_now(uv->loop) + uv_timer_get_repeat(uv);
    timer->fire(timer->arg);
}

struct loop_timer *loop_timer_new(struct loop *loop, uint64_t delay_ms,
                                  uint64_t repeat_ms, void (*fire)(void *arg),
                                  void *arg)
{
    struct loop_timer *timer = memory_new(1, sizeof *timer);
    timer->fire = fire;
    timer->arg = arg;
    uv_timer_init(&loop->uv, &timer->uv);
    timer->uv.data = timer;
    /* libuv's cached time may be outdated outside callbacks */
    uv_update_time(&loop->uv);
    uv_timer_start(&timer->uv, on_timer, delay_ms, repeat_ms);
    timer->due_ms = uv_now(&loop->uv) + delay_ms;
    return timer;
}

uint64_t loop_timer_late_ns(const struct loop_timer *timer)
{
    return timer->late_ns;
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->uv, free_handle);
}

static void on_poll(uv_poll_t *uv, int status, int events);

static void arm(struct loop_watch *watch)
{
    int events = (watch->events & LOOP_READABLE ? UV_READABLE : 0) |
                 (watch->events & LOOP_WRITABLE ? UV_WRITABLE : 0);
    if (events)
        uv_poll_start(&watch->uv, events, on_poll);
    else
        uv_poll_stop(&watch->uv);
}

/* On an error libuv stops watching. The descriptor's user gets the error when
 * reading or writing, but reading earlier data may take several calls, so it is
 * watched until the user closes it. */
static void on_poll(uv_poll_t *uv, int status, int events)
{
    struct loop_watch *watch = uv->data;
    unsigned ready = 0;
    if (status < 0 || events & UV_READABLE)
        ready |= LOOP_READABLE;
    if (status < 0 || events & UV_WRITABLE)
        ready |= LOOP_WRITABLE;
    if (status < 0)
        arm(watch);
    watch->ready(watch->arg, ready);
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned events,
                                  void (*ready)(void *arg, unsigned events),
                                  void *arg)
{
    struct loop_watch *watch = memory_new(1, sizeof *watch);
    watch->ready = ready;
    watch->arg = arg;
    if (uv_poll_init(&loop->uv, &watch->uv, fd)) {
        free(watch);
        return NULL;
    }
    watch->uv.data = watch;
    loop_watch_set(watch, events);
    return watch;
}

void loop_watch_set(struct loop_watch *watch, unsigned events)
{
    if (events == watch->events)
        return;
    watch->events = events;
    arm(watch);
}

void loop_watch_free(struct loop_watch *watch)
{
    if (watch)
        uv_close((uv_handle_t *)&watch->uv, free_handle);
}

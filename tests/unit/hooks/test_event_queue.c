#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "hooks/event_queue.h"
#include "messaging/webhook_event.h"

static struct event_queue queue_of(uint32_t events_max, uint64_t bytes_max)
{
    return (struct event_queue){.instance = "i",
                                .events_max = events_max,
                                .bytes_max = bytes_max,
                                .number = 1};
}

static uint32_t push(struct event_queue *queue, const char *json)
{
    size_t len = strlen(json);
    struct webhook_event *event = memory_new(1, sizeof *event + len);
    event->len = len;
    memcpy(event->json, json, len);
    return event_queue_push(queue, event);
}

static void assert_takes(struct event_queue *queue, uint32_t max,
                         uint32_t count, const char *expected)
{
    struct buffer out = {0};
    assert_int_equal(event_queue_take(queue, max, &out), count);
    assert_string_equal(buffer_text(&out), expected);
    buffer_deinit(&out);
}

static void a_batch_holds_many_events(void **state)
{
    (void)state;
    struct event_queue queue = queue_of(10, 100000);
    push(&queue, ",\"a\":1");
    push(&queue, ",\"b\":2");
    push(&queue, ",\"c\":3");
    assert_takes(&queue, 2, 2,
                 "{\"instance\":\"i\",\"dropped\":0,\"events\":["
                 "{\"id\":\"i-1\",\"a\":1},{\"id\":\"i-2\",\"b\":2}]}");
    assert_takes(&queue, 2, 1,
                 "{\"instance\":\"i\",\"dropped\":0,\"events\":["
                 "{\"id\":\"i-3\",\"c\":3}]}");
    assert_int_equal(queue.count, 0);
    assert_int_equal(queue.bytes, 0);
}

static void the_oldest_events_are_dropped_first(void **state)
{
    (void)state;
    struct event_queue queue = queue_of(2, 100000);
    assert_int_equal(push(&queue, ",\"a\":1"), 0);
    assert_int_equal(push(&queue, ",\"a\":2"), 0);
    assert_int_equal(push(&queue, ",\"a\":3"), 1);
    assert_int_equal(push(&queue, ",\"a\":4"), 1);
    assert_takes(&queue, 9, 2,
                 "{\"instance\":\"i\",\"dropped\":2,\"events\":["
                 "{\"id\":\"i-3\",\"a\":3},{\"id\":\"i-4\",\"a\":4}]}");
    assert_int_equal(queue.dropped, 0); /* the loss is reported */
}

static void bytes_are_limited_too(void **state)
{
    (void)state;
    struct event_queue queue =
        queue_of(1000, 3 * (sizeof(struct webhook_event) + 6));
    for (int i = 0; i < 3; i++)
        assert_int_equal(push(&queue, ",\"a\":1"), 0);
    assert_int_equal(push(&queue, ",\"a\":1"), 1);
    assert_int_equal(queue.count, 3);
    assert_int_equal(event_queue_clear(&queue), 3);
}

/* One event always fits. */
static void a_too_large_event_is_kept_alone(void **state)
{
    (void)state;
    struct event_queue queue = queue_of(1000, 1);
    assert_int_equal(push(&queue, ",\"a\":1"), 0);
    assert_int_equal(push(&queue, ",\"a\":2"), 1);
    assert_int_equal(queue.count, 1);
    event_queue_clear(&queue);
}

static void the_bytes_of_a_batch_are_limited(void **state)
{
    (void)state;
    enum { EVENTS = 40, EVENT_BYTES = 40000 };
    static char json[EVENT_BYTES + 1];
    struct event_queue queue = queue_of(1000, UINT64_MAX);
    struct buffer out = {0};
    uint32_t taken = 0;
    memset(json, ' ', EVENT_BYTES);
    for (int i = 0; i < EVENTS; i++)
        push(&queue, json);
    for (int batch = 0; batch < 2; batch++) {
        buffer_clear(&out);
        taken += event_queue_take(&queue, 1000, &out);
        assert_in_range(out.len, EVENT_BYTES, BATCH_BYTES + 100);
    }
    assert_int_equal(taken, EVENTS);
    buffer_deinit(&out);
}

static void earlier_drops_are_reported(void **state)
{
    (void)state;
    struct event_queue queue = queue_of(10, 100000);
    event_queue_note_dropped(&queue, 7);
    push(&queue, "");
    assert_takes(&queue, 9, 1,
                 "{\"instance\":\"i\",\"dropped\":7,\"events\":["
                 "{\"id\":\"i-1\"}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_holds_many_events),
        cmocka_unit_test(the_oldest_events_are_dropped_first),
        cmocka_unit_test(bytes_are_limited_too),
        cmocka_unit_test(a_too_large_event_is_kept_alone),
        cmocka_unit_test(the_bytes_of_a_batch_are_limited),
        cmocka_unit_test(earlier_drops_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include <stdio.h>

#include "fakes/fake_instance.h"
#include "messaging/request.h"
#include "messaging/turn.h"

static void texts_are_copied(void **state)
{
    (void)state;
    char channel[] = "news";
    struct request *request =
        request_new(REQUEST_HISTORY, bytes_of(channel), BYTES_LITERAL("alice"),
                    BYTES_LITERAL("\"id\""));
    channel[0] = 'X';
    assert_int_equal(request->kind, REQUEST_HISTORY);
    assert_string_equal(request->channel, "news");
    assert_string_equal(request->client, "alice");
    assert_bytes(request->id, "\"id\"");
    assert_int_equal(request->fault, FAULT_NONE);
    request_free(request);
}

static void texts_may_be_empty(void **state)
{
    (void)state;
    const struct bytes none = {0};
    struct request *request =
        request_new(REQUEST_UNSUBSCRIBE, none, none, none);
    assert_string_equal(request->channel, "");
    assert_string_equal(request->client, "");
    assert_int_equal(request->id.len, 0);
    request_free(request);
}

static void answers_hold_any_number(void **state)
{
    (void)state;
    struct request *request =
        request_new(REQUEST_SUBSCRIBE, BYTES_LITERAL("c"), BYTES_LITERAL("a"),
                    (struct bytes){0});
    for (unsigned i = 0; i < 100; i++) {
        struct message *message =
            message_new(MESSAGE_PUBLICATION, BYTES_LITERAL("c"),
                        (struct bytes){0}, BYTES_LITERAL("1"));
        message->offset = i;
        request_add_message(request, message);
        message_unref(message);
        char name[16];
        snprintf(name, sizeof name, "m%u", i);
        request_add_member(request, name, i, (struct bytes){0});
    }
    assert_int_equal(request->message_count, 100);
    assert_int_equal(request->member_count, 100);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(request->messages[i]->offset, i);
        assert_int_equal(request->members[i].connections, i);
    }
    assert_string_equal(request->members[99].client, "m99");
    request_free(request);
}

static unsigned done_count;

static void count_done(struct worker *worker, struct request *request)
{
    assert_int_equal(worker->index, 1);
    assert_string_equal(request->channel, "c");
    done_count++;
}

static void an_answer_reaches_the_worker_that_asked(void **state)
{
    (void)state;
    struct fake_instance *fake = fake_instance_new(2);
    struct request *request =
        request_new(REQUEST_PRESENCE, BYTES_LITERAL("c"), BYTES_LITERAL("a"),
                    (struct bytes){0});
    request->worker = &fake->workers[1];
    request->done = count_done;
    request_finish(request);
    worker_turn(&fake->workers[0]);
    assert_int_equal(done_count, 0);
    worker_turn(&fake->workers[1]);
    assert_int_equal(done_count, 1);
    fake_instance_free(fake);
}

static void an_unawaited_request_is_freed(void **state)
{
    (void)state;
    request_finish(request_new(REQUEST_UNSUBSCRIBE, BYTES_LITERAL("c"),
                               BYTES_LITERAL("a"), (struct bytes){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(texts_may_be_empty),
        cmocka_unit_test(answers_hold_any_number),
        cmocka_unit_test(an_answer_reaches_the_worker_that_asked),
        cmocka_unit_test(an_unawaited_request_is_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

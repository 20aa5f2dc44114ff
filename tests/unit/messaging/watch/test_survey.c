#include "unit.h"

#include <stdio.h>

#include "base/json.h"
#include "fakes/fake_client.h"
#include "fakes/fake_protocol.h"
#include "fakes/fake_stage.h"
#include "messaging/operations.h"
#include "messaging/watch/survey.h"

enum { WORKERS = 3 };

static struct fake_instance *fake;
static char seen[65536];
static unsigned answers;

static void on_done(void *arg, struct bytes answer)
{
    assert_ptr_equal(arg, &answers);
    assert_true(json_is_valid(answer));
    snprintf(seen, sizeof seen, "%.*s", (int)answer.len, answer.data);
    answers++;
}

static int set_up(void **state)
{
    (void)state;
    fake = fake_stage_open(WORKERS);
    answers = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_stage_close(fake);
    return 0;
}

static void survey(const char *client)
{
    survey_begin(&fake->instance, SURVEY_CLIENT, bytes_of(client),
                 (struct bytes){0}, on_done, &answers);
}

static struct fake_client *join(unsigned worker, const char *id)
{
    return fake_client_join(fake, worker, &fake_protocol, id, NULL);
}

static unsigned count_of(const char *part)
{
    unsigned count = 0;
    for (const char *at = seen; (at = strstr(at, part)); at++)
        count++;
    return count;
}

static void an_absent_client_has_no_rows(void **state)
{
    (void)state;
    struct fake_client *bob = join(0, "bob");
    survey("alice");
    assert_int_equal(answers, 0);
    fake_instance_turn(fake);
    assert_int_equal(answers, 1);
    assert_string_equal(seen, "{\"total\":0,\"rows\":[]}");
    fake_client_leave(bob);
}

static void every_worker_writes_its_rows(void **state)
{
    (void)state;
    struct fake_client *clients[] = {join(0, "alice"), join(2, "alice"),
                                     join(2, "alice"), join(2, "bob")};
    operation_subscribe(clients[1]->connection, BYTES_LITERAL("room"), NULL,
                        (struct bytes){0});
    fake_instance_turn(fake);
    survey("alice");
    fake_instance_turn(fake);
    assert_non_null(strstr(seen, "{\"total\":3,\"rows\":[{\"id\":\"0-"));
    assert_int_equal(count_of("\"id\":\"2-"), 2);
    assert_int_equal(count_of("\"instance\":\"fake:1\""), 3);
    assert_int_equal(count_of("\"channelCount\":1,\"channels\":[\"room\"]}"),
                     1);
    assert_int_equal(count_of("\"channelCount\":0,\"channels\":[]}"), 2);
    for (size_t i = 0; i < COUNT(clients); i++)
        fake_client_leave(clients[i]);
}

static void a_viewer_that_leaves_gets_no_answer(void **state)
{
    (void)state;
    struct fake_client *alice = join(1, "alice");
    survey("alice");
    fake_client_leave(alice);
    fake_instance_turn(fake);
    assert_string_equal(seen, "{\"total\":0,\"rows\":[]}");
}

static void rows_are_limited_and_the_total_is_exact(void **state)
{
    (void)state;
    enum { MANY = SURVEY_ROWS_MAX + 5 };
    struct fake_client *clients[MANY];
    fake->options.limits.connections = MANY;
    for (unsigned i = 0; i < MANY; i++)
        clients[i] = join(0, "alice");
    survey("alice");
    fake_instance_turn(fake);
    assert_non_null(strstr(seen, "{\"total\":105,"));
    assert_int_equal(count_of("{\"id\":"), SURVEY_ROWS_MAX);
    for (unsigned i = 0; i < MANY; i++)
        fake_client_leave(clients[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_absent_client_has_no_rows),
        TEST(every_worker_writes_its_rows),
        TEST(a_viewer_that_leaves_gets_no_answer),
        TEST(rows_are_limited_and_the_total_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

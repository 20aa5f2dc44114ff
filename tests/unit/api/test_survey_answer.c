#include "unit.h"

#include "api/survey_answer.h"

static struct buffer out;

static int tear_down(void **state)
{
    (void)state;
    buffer_deinit(&out);
    return 0;
}

static const char *written(const char *const *answers, size_t count,
                           uint32_t instances)
{
    struct request *request = request_new_survey(
        SURVEY_CLIENT, BYTES_LITERAL("al"), (struct bytes){0});
    for (size_t i = 0; i < count; i++)
        request_add_name(request, bytes_of(answers[i]));
    request->instances = instances;
    buffer_clear(&out);
    survey_answer_write_client(request, &out);
    request_free(request);
    return buffer_text(&out);
}

static void answers_are_joined(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "{\"total\":2,\"rows\":[{\"id\":\"a\"},{\"id\":\"b\"}]}",
        "{\"total\":0,\"rows\":[]}",
        "{\"total\":7,\"rows\":[{\"id\":\"c\"}]}",
    };
    assert_string_equal(written(answers, 3, 3),
                        "{\"client\":\"al\",\"connectionCount\":9,"
                        "\"connections\":[{\"id\":\"a\"},{\"id\":\"b\"},"
                        "{\"id\":\"c\"}],\"instances\":3,\"answered\":3}");
}

static void an_invalid_answer_counts_as_none(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "[]",
        "{}",
        "{\"total\":1}",
        "{\"total\":-1,\"rows\":[]}",
        "{\"total\":1,\"rows\":{}}",
        "",
    };
    assert_string_equal(written(answers, COUNT(answers), 6),
                        "{\"client\":\"al\",\"connectionCount\":0,"
                        "\"connections\":[],\"instances\":6,\"answered\":0}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(answers_are_joined),
        TEST(an_invalid_answer_counts_as_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "protocols/pusher/pusher_user.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static void assert_user(const char *data, const char *id, const char *info)
{
    struct pusher_user user;
    struct error why;
    assert_true(pusher_user_read(bytes_of(data), &user, &why));
    assert_string_equal(user.id, id);
    assert_string_equal(user.info, info);
    free(user.info);
}

static void an_id_keeps_its_type(void **state)
{
    (void)state;
    assert_user("{\"user_id\":10,\"user_info\":{\"n\": 1}}", "10",
                "{\"user_id\":10,\"n\":1}");
    assert_user("{\"user_id\":\"10\",\"user_info\":{}}", "10",
                "{\"user_id\":\"10\"}");
    assert_user("{\"user_id\":\"a\\\"b\"}", "a\"b", "{\"user_id\":\"a\\\"b\"}");
    assert_user("{\"user_id\":-1.5,\"user_info\":null}", "-1.5",
                "{\"user_id\":-1.5}");
}

static void assert_refused(const char *data)
{
    struct pusher_user user;
    struct error why;
    assert_false(pusher_user_read(bytes_of(data), &user, &why));
}

static void invalid_users_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"user_id\":true}",
        "{\"user_id\":{}}",
        "{\"user_id\":\"\"}",
        "{\"user_id\":\"\\n\"}",
        "{\"user_id\":1,\"user_info\":[]}",
        "{\"user_id\":1,\"user_info\":\"x\"}",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refused(bad[i]);
}

static void assert_shown(const char *client, const char *info, const char *id,
                         const char *user_info)
{
    struct buffer out = {0};
    pusher_user_append_id(&out, bytes_of(client), bytes_of(info));
    assert_string_equal(buffer_text(&out), id);
    buffer_clear(&out);
    pusher_user_append_info(&out, bytes_of(info));
    assert_string_equal(buffer_text(&out), user_info);
    buffer_deinit(&out);
}

static void an_id_is_shown_unchanged(void **state)
{
    (void)state;
    assert_shown("10", "{\"user_id\":10,\"n\":1}", "10", "{\"n\":1}");
    assert_shown("10", "{\"user_id\":\"10\"}", "\"10\"", "{}");
    assert_shown("a\"b", "{\"user_id\":\"a\\\"b\",\"c\":{}}", "\"a\\\"b\"",
                 "{\"c\":{}}");
    /* an id of Peal's own clients */
    assert_shown("bob", "", "\"bob\"", "{}");
    assert_shown("bob", "{\"user_id\":{\"a\":1},\"b\":2}", "\"bob\"",
                 "{\"user_id\":{\"a\":1},\"b\":2}");
    assert_shown("bob", "{\"user_id\":true}", "\"bob\"", "{\"user_id\":true}");
    assert_shown("bob", "{\"name\":\"Bob\"}", "\"bob\"", "{\"name\":\"Bob\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_keeps_its_type),
        cmocka_unit_test(invalid_users_are_refused),
        cmocka_unit_test(an_id_is_shown_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

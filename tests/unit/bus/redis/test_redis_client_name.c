#include "bus/redis/redis_client_name.h"

#include <stdlib.h>

#include "unit.h"

#define B BYTES_LITERAL

static void only_separators_are_encoded(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        const char *name;
    } rows[] = {
        {"alice", "alice"},
        {"A-z0.9_~:@+=-", "A-z0.9_~:@+=-"},
        {"auth0|5f7c", "auth0%7c5f7c"},
        {"a;b{c}d%7c", "a%3bb%7bc%7dd%257c"},
        {"jos\xc3\xa9 \"'*/\\", "jos\xc3\xa9 \"'*/\\"},
        {"|", "%7c"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char id[CLIENT_ID_MAX + 1];
        char *name = redis_client_name(rows[i].id);
        assert_string_equal(name, rows[i].name);
        assert_true(redis_client_name_read(bytes_of(name), id));
        assert_string_equal(id, rows[i].id);
        free(name);
    }
}

static void the_longest_id_is_restored(void **state)
{
    (void)state;
    char id[CLIENT_ID_MAX + 1];
    char read[CLIENT_ID_MAX + 1];
    memset(id, '|', CLIENT_ID_MAX);
    id[CLIENT_ID_MAX] = '\0';
    char *name = redis_client_name(id);
    assert_int_equal(strlen(name), REDIS_CLIENT_NAME_MAX);
    assert_true(redis_client_name_read(bytes_of(name), read));
    assert_string_equal(read, id);
    free(name);
}

/* Redis would treat two names of one id as two clients. */
static void an_id_has_one_name(void **state)
{
    (void)state;
    static const struct bytes rows[] = {
        B(""),     B("%"),      B("%7"),    B("%7C"), B("%41"),
        B("a|b"),  B("a;b"),    B("a{b"),   B("a}b"), B("%0a"),
        B("a\nb"), B("%25%zz"), B("a\xff"), B("%00"), B("a\0b"),
    };
    char id[CLIENT_ID_MAX + 1];
    for (size_t i = 0; i < COUNT(rows); i++)
        if (redis_client_name_read(rows[i], id))
            fail_msg("row %zu was read", i);
    char text[REDIS_CLIENT_NAME_MAX + 3];
    memset(text, 'a', sizeof text);
    assert_false(
        redis_client_name_read((struct bytes){text, CLIENT_ID_MAX + 1}, id));
    assert_false(redis_client_name_read((struct bytes){text, sizeof text}, id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_separators_are_encoded),
        cmocka_unit_test(the_longest_id_is_restored),
        cmocka_unit_test(an_id_has_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

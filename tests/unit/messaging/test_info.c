#include "messaging/info.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "unit.h"

static void assert_read(const char *raw, const char *expected)
{
    struct error why;
    char *info = info_read(bytes_of(raw), &why);
    assert_non_null(info);
    assert_string_equal(info, expected);
    assert_true(info_is_valid(bytes_of(info)));
    free(info);
}

static void white_space_is_removed(void **state)
{
    (void)state;
    assert_read("{}", "{}");
    assert_read(" { \"a\" :\n[ 1 ,\t2 ] }\r\n", "{\"a\":[1,2]}");
    assert_read("{\"a b\":\" c \\\" d \\\\\" , \"e\": \" \"}",
                "{\"a b\":\" c \\\" d \\\\\",\"e\":\" \"}");
}

static void assert_refused(const char *raw, const char *expected)
{
    struct error why;
    assert_null(info_read(bytes_of(raw), &why));
    assert_string_equal(why.text, expected);
}

static void info_must_be_an_object(void **state)
{
    (void)state;
    assert_refused("[]", "must be a JSON object: expected an object at byte 1");
    assert_refused("{\"a\":\"\\ud800\"}",
                   "must be a JSON object: lone surrogate at byte 7");
    assert_false(info_is_valid(BYTES_LITERAL("")));
    assert_false(info_is_valid(BYTES_LITERAL("{} ")));
    assert_false(info_is_valid(BYTES_LITERAL("7")));
}

/* An object of this many bytes. */
static char *object_of(size_t len)
{
    char *text = memory_new(1, len + 1);
    memset(text, 'x', len);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + len - 2, "\"}", 2);
    return text;
}

static void the_length_of_info_is_limited(void **state)
{
    (void)state;
    char *fits = object_of(INFO_MAX);
    char *long_one = object_of(INFO_MAX + 1);
    assert_read(fits, fits);
    assert_refused(long_one, "must be at most 1024 bytes; it has 1025");
    assert_false(info_is_valid(bytes_of(long_one)));
    free(fits);
    free(long_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_is_removed),
        cmocka_unit_test(info_must_be_an_object),
        cmocka_unit_test(the_length_of_info_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

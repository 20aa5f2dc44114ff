#include "bus/redis/redis_tls.h"

#include <string.h>

#include "unit.h"

static void without_tls_the_reason_is_the_system_error(void **state)
{
    (void)state;
    struct error why = {0};
    redis_tls_explain(NULL, "it hung up", &why);
    assert_string_equal(why.text, "it hung up");
}

static struct redis_tls *make(const char *ca, struct error *error)
{
    char file[256] = "";
    struct redis_options options = {0};
    if (ca)
        options.tls_ca = strncat(file, ca, sizeof file - 1);
    return redis_tls_new(&options, error);
}

static void files_are_read(void **state)
{
    (void)state;
    struct error error = {0};
    struct redis_tls *tls = make(NULL, &error);
    assert_non_null(tls);
    redis_tls_free(tls);
    assert_null(make("/nowhere", &error));
    assert_non_null(strstr(error.text, "redis.tls_ca: /nowhere: expected"));
}

static void freeing_null_does_nothing(void **state)
{
    (void)state;
    redis_tls_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_tls_the_reason_is_the_system_error),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(freeing_null_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

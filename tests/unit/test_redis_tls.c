#include "bus/redis_tls.h"

#include <string.h>

#include <hiredis/hiredis.h>

#include "unit.h"

static void without_tls_the_reason_is_that_of_hiredis(void **state)
{
    (void)state;
    struct error why = {0};
    const redisContext context = {.err = REDIS_ERR_IO, .errstr = "it hung up"};
    redis_tls_explain(NULL, &context, &why);
    assert_string_equal(why.text, "it hung up");
}

static struct redis_tls *make(const char *ca, struct error *error)
{
    char file[256] = "";
    struct redis_options options = {0};
    struct redis_url url;
    if (ca)
        options.tls_ca = strncat(file, ca, sizeof file - 1);
    assert_true(redis_url_parse("rediss://h", &url, error));
    struct redis_tls *tls = redis_tls_new(&options, &url, error);
    redis_url_deinit(&url);
    return tls;
}

static void files_are_read_where_there_is_tls(void **state)
{
    (void)state;
    struct error error = {0};
#ifdef PEAL_REDIS_TLS
    struct redis_tls *tls = make(NULL, &error);
    assert_non_null(tls);
    redis_tls_free(tls);
    assert_null(make("/nowhere", &error));
    assert_non_null(strstr(error.text, "redis.tls_ca: /nowhere: expected"));
#else
    assert_null(make(NULL, &error));
    assert_non_null(strstr(error.text, "redis.url: this build's hiredis"));
#endif
}

static void freeing_none_is_nothing(void **state)
{
    (void)state;
    redis_tls_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_tls_the_reason_is_that_of_hiredis),
        cmocka_unit_test(files_are_read_where_there_is_tls),
        cmocka_unit_test(freeing_none_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

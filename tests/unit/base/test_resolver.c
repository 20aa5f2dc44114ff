#include "base/resolver.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "unit.h"

static enum resolver_state wait_for(const char *host, uint16_t port,
                                    struct resolver_result *result)
{
    const struct timespec step = {.tv_nsec = 5000000};
    struct resolver *resolver = resolver_new(host, port);
    enum resolver_state state = resolver_poll(resolver, result);
    for (int i = 0; i < 2000 && state == RESOLVER_WORKING; i++) {
        nanosleep(&step, NULL);
        state = resolver_poll(resolver, result);
    }
    resolver_free(resolver);
    return state;
}

static void addresses_are_resolved_at_once(void **state)
{
    (void)state;
    struct resolver_result result = {0};
    struct resolver *resolver = resolver_new("127.0.0.1", 6379);
    assert_int_equal(resolver_poll(resolver, &result), RESOLVER_DONE);
    resolver_free(resolver);
    assert_int_equal(result.count, 1);
    const struct sockaddr_in *address =
        (const struct sockaddr_in *)&result.items[0].address;
    assert_int_equal(address->sin_family, AF_INET);
    assert_int_equal(ntohs(address->sin_port), 6379);
    assert_int_equal(ntohl(address->sin_addr.s_addr), INADDR_LOOPBACK);
    resolver = resolver_new("::1", 1);
    assert_int_equal(resolver_poll(resolver, &result), RESOLVER_DONE);
    resolver_free(resolver);
}

static void names_resolve_with_ipv4_first(void **state)
{
    (void)state;
    struct resolver_result result = {0};
    assert_int_equal(wait_for("localhost", 7, &result), RESOLVER_DONE);
    assert_true(result.count > 0);
    assert_int_equal(result.items[0].address.ss_family, AF_INET);
}

static void an_unknown_name_fails(void **state)
{
    (void)state;
    struct resolver_result result = {0};
    assert_int_equal(wait_for("no host.invalid", 7, &result), RESOLVER_FAILED);
    assert_non_null(result.why);
}

static void the_result_may_arrive_too_late(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        resolver_free(resolver_new("localhost", 7));
    resolver_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_resolved_at_once),
        cmocka_unit_test(names_resolve_with_ipv4_first),
        cmocka_unit_test(an_unknown_name_fails),
        cmocka_unit_test(the_result_may_arrive_too_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

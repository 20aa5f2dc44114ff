/* Strangers guess Ann's password while she signs in. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "accounts/guesses.h"
#include "base/memory.h"

#define HOME     "192.0.2.1"
#define STRANGER "198.51.100.1"
#define ANN      "ann@example.com"

enum { START_MS = 1000000 };

static const struct account_options options = {
    .account_attempts = 3, .address_attempts = 5, .strangers_attempts = 7};
static struct guesses *guesses;

static int set_up(void **state)
{
    (void)state;
    guesses = guesses_new(&options);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    guesses_free(guesses);
    return 0;
}

static struct account_request *
request_from(enum account_op op, const char *email, const char *address)
{
    struct account_request *request = account_request_new(op);
    request->email = memory_copy_text(email, strlen(email));
    request->hashes = op != ACCOUNT_REFRESH;
    assert_true(ip_address_parse(bytes_of(address), &request->address));
    return request;
}

/* Returns whether the password was checked. */
static bool sign_in(const char *email, const char *address, bool is_right)
{
    struct account_request *request =
        request_from(ACCOUNT_LOGIN, email, address);
    bool is_taken = guesses_take(guesses, request, START_MS);
    if (!is_taken)
        request->fault = ACCOUNT_TOO_MANY_ATTEMPTS;
    else if (is_right)
        request->account.email = memory_copy_text(email, strlen(email));
    else
        request->fault = ACCOUNT_WRONG_LOGIN;
    guesses_settle(guesses, request, START_MS);
    account_request_free(request);
    return is_taken;
}

static unsigned guess(const char *email, const char *address)
{
    unsigned taken = 0;
    while (taken < 100 && sign_in(email, address, false))
        taken++;
    return taken;
}

static void guesses_per_account_and_address_are_limited(void **state)
{
    (void)state;
    assert_int_equal(guess(ANN, STRANGER), 3);
    assert_int_equal(guess(ANN, HOME), 3);
}

static void guesses_per_address_are_limited(void **state)
{
    (void)state;
    assert_int_equal(guess("a@example.com", STRANGER), 3);
    assert_int_equal(guess("b@example.com", STRANGER), 2);
    assert_int_equal(guess("c@example.com", STRANGER), 0);
    assert_int_equal(guess("c@example.com", HOME), 3);
}

static void a_stranger_cannot_lock_out_the_owner(void **state)
{
    (void)state;
    guess(ANN, STRANGER);
    for (int i = 0; i < 100; i++)
        assert_true(sign_in(ANN, HOME, true));
}

/* Guesses from many addresses are limited, except from her own address. */
static void many_strangers_cannot_lock_out_a_known_address(void **state)
{
    (void)state;
    assert_true(sign_in(ANN, HOME, true));
    assert_int_equal(guess(ANN, "198.51.100.1"), 3);
    assert_int_equal(guess(ANN, "198.51.100.2"), 3);
    assert_int_equal(guess(ANN, "198.51.100.3"), 1);
    assert_int_equal(guess(ANN, "198.51.100.4"), 0);
    assert_true(sign_in(ANN, HOME, true));
    assert_int_equal(guess(ANN, HOME), 3);
}

/* Another user of the same address has used up its attempts. */
static void a_busy_address_does_not_lock_out_a_known_user(void **state)
{
    (void)state;
    assert_true(sign_in(ANN, HOME, true));
    assert_int_equal(guess("a@example.com", HOME), 3);
    assert_int_equal(guess("b@example.com", HOME), 2);
    assert_true(sign_in(ANN, HOME, true));
    assert_false(sign_in("c@example.com", HOME, true));
}

static void a_fresh_token_makes_an_address_known(void **state)
{
    (void)state;
    struct account_request *request = request_from(ACCOUNT_REFRESH, "", HOME);
    request->account.email = memory_copy_text(ANN, strlen(ANN));
    assert_true(guesses_take(guesses, request, START_MS));
    guesses_settle(guesses, request, START_MS);
    account_request_free(request);
    for (int i = 1; i < 4; i++) {
        char address[20];
        snprintf(address, sizeof address, "198.51.100.%d", i);
        guess(ANN, address);
    }
    assert_false(sign_in(ANN, "203.0.113.1", true));
    assert_true(sign_in(ANN, HOME, true));
}

static void an_ipv6_network_is_one_address(void **state)
{
    (void)state;
    assert_int_equal(guess(ANN, "2001:db8::1"), 3);
    assert_int_equal(guess(ANN, "2001:db8::2"), 0);
    assert_int_equal(guess(ANN, "2001:db8:0:1::1"), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(guesses_per_account_and_address_are_limited),
        TEST(guesses_per_address_are_limited),
        TEST(a_stranger_cannot_lock_out_the_owner),
        TEST(many_strangers_cannot_lock_out_a_known_address),
        TEST(a_busy_address_does_not_lock_out_a_known_user),
        TEST(a_fresh_token_makes_an_address_known),
        TEST(an_ipv6_network_is_one_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

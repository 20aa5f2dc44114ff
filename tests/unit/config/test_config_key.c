/* Conditions that each row of the table of keys must meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_load.h"
#include "config/config_value.h"

static void the_environment_name_is_the_path_in_capitals(void **state)
{
    (void)state;
    char name[SPELLING_MAX];
    config_key_environment_name(
        config_key_find(&config_keys, "limits.connections_per_ip"), name,
        sizeof name);
    assert_string_equal(name, "PEAL_LIMITS_CONNECTIONS_PER_IP");
    config_key_environment_name(config_key_find(&config_keys, "auth.secret"),
                                name, sizeof name);
    assert_string_equal(name, "PEAL_AUTH_SECRET");
}

static void no_two_keys_share_an_environment_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_keys.count; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(spelling_distance(config_keys.items[i].name,
                                                   config_keys.items[j].name),
                                 0);
}

/* The printed config opens each section only once. */
static void keys_of_a_section_are_adjacent(void **state)
{
    (void)state;
    for (size_t i = 1; i < config_keys.count; i++) {
        const char *name = config_keys.items[i].name;
        const char *before = config_keys.items[i - 1].name;
        size_t len = strcspn(name, ".");
        if (!name[len] || strncmp(before, name, len + 1) == 0)
            continue;
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(
                strncmp(config_keys.items[j].name, name, len + 1), 0);
    }
}

static void a_section_is_not_a_key(void **state)
{
    (void)state;
    assert_true(config_key_is_section("limits"));
    assert_false(config_key_is_section("limit"));
    assert_false(config_key_is_section("port"));
    assert_null(config_key_find(&config_keys, "limits"));
}

/* A row that reads a number into a text field would overwrite its
 * neighbours. */
static void check_fields(const struct config_keys *keys)
{
    for (size_t i = 0; keys && i < keys->count; i++) {
        const struct config_key *key = &keys->items[i];
        if (key->holds != key->type->holds)
            fail_msg("%s has another C type than its field", key->name);
        check_fields(key->type->members);
    }
}

static void every_row_fits_its_field(void **state)
{
    (void)state;
    check_fields(&config_keys);
}

static void every_key_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < config_keys.count; i++) {
        const struct config_key *key = &config_keys.items[i];
        bool is_number = key->type == &config_value_uint32 ||
                         key->type == &config_value_uint64;
        assert_non_null(key->help);
        assert_true(strlen(key->name) < SPELLING_MAX - strlen("PEAL_"));
        assert_true(key->value || key->type == &config_value_text);
        assert_int_equal(is_number, key->max > 0);
        if (key->type == &config_value_choice)
            assert_non_null(key->choices);
    }
}

/* The default of default_caps is written as JSON; this is its meaning. */
static void default_caps_allow_everything(void **state)
{
    (void)state;
    struct error error;
    struct config *config = config_load(&(struct config_sources){0}, &error);
    assert_non_null(config);
    struct caps *everything = caps_everything();
    for (unsigned bit = 1; bit; bit <<= 1)
        assert_int_equal(
            caps_allow(config->auth.default_caps, (enum capability)bit,
                       BYTES_LITERAL("a")),
            caps_allow(everything, (enum capability)bit, BYTES_LITERAL("a")));
    caps_unref(everything);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_name_is_the_path_in_capitals),
        cmocka_unit_test(no_two_keys_share_an_environment_name),
        cmocka_unit_test(keys_of_a_section_are_adjacent),
        cmocka_unit_test(a_section_is_not_a_key),
        cmocka_unit_test(every_row_fits_its_field),
        cmocka_unit_test(every_key_is_complete),
        cmocka_unit_test(default_caps_allow_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

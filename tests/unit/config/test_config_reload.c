#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/config_load.h"
#include "config/config_reload.h"
#include "config/config_value.h"

static struct config *load(const char *name, const char *value)
{
    const struct config_flag flag = {name, value};
    const struct config_sources sources = {.flags = &flag, .flag_count = 1};
    struct error error;
    struct config *config = config_load(&sources, &error);
    if (!config)
        fail_msg("%s", error.text);
    return config;
}

static void limits_change_except_start_limits(void **state)
{
    (void)state;
    struct config *started = load("limits.connections", "1000");
    struct messaging_options options = started->messaging;
    struct config *fresh = load("limits.connections", "2000");
    fresh->messaging.limits.message_bytes = 1;
    fresh->messaging.limits.history_bytes = 5000000000;
    fresh->messaging.limits.handshake_seconds = 99;
    fresh->messaging.ping_seconds = 99;
    config_reload_limits(&options, fresh);
    assert_int_equal(options.limits.message_bytes, 1);
    assert_int_equal(options.limits.history_bytes, 5000000000);
    assert_int_equal(options.limits.connections, 1000);
    assert_int_equal(options.limits.handshake_seconds, 5);
    assert_int_equal(options.ping_seconds, 25);
    config_free(started);
    config_free(fresh);
}

/* Reloadable messaging options must be numbers, because a text that threads
 * read cannot be replaced like that. */
static void reloadable_messaging_options_are_numbers(void **state)
{
    (void)state;
    size_t start = offsetof(struct config, messaging);
    for (size_t i = 0; i < config_keys.count; i++) {
        const struct config_key *key = &config_keys.items[i];
        bool is_messaging =
            key->offset >= start &&
            key->offset < start + sizeof(struct messaging_options);
        if (key->reloads && is_messaging && key->type != &config_value_uint32 &&
            key->type != &config_value_uint64)
            fail_msg("%s", key->name);
    }
}

static void auth_cannot_be_removed_beyond_loopback(void **state)
{
    (void)state;
    struct error error;
    struct config *running = load("insecure", "false");
    struct config *fresh = load("insecure", "true");
    strcpy(running->host, "0.0.0.0"); /* as long as the old value */
    assert_false(config_reload_is_safe(running, fresh, &error));
    running->insecure = true;
    assert_true(config_reload_is_safe(running, fresh, &error));
    config_free(running);
    config_free(fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_change_except_start_limits),
        cmocka_unit_test(reloadable_messaging_options_are_numbers),
        cmocka_unit_test(auth_cannot_be_removed_beyond_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/config_value.h"
#include "messaging/hook.h"
#include "messaging/worker.h"

static char *patterns[] = {"room", "chat:*"};
static const struct text_list some = {patterns, 2};

static void without_hooks_nothing_is_asked(void **state)
{
    (void)state;
    assert_false(hook_is_asked(NULL, HOOK_PUBLISH, BYTES_LITERAL("room")));
    assert_false(hook_is_told(NULL, EVENT_CONNECTED));
    hook_tell_channel(&(struct instance){.hooks = NULL}, EVENT_CHANNEL_OCCUPIED,
                      "room");
}

static void a_hook_may_have_channels(void **state)
{
    (void)state;
    const struct hooks hooks = {.asked =
                                    1u << HOOK_CONNECT | 1u << HOOK_PUBLISH,
                                .channels = {[HOOK_PUBLISH] = &some}};
    assert_true(hook_is_asked(&hooks, HOOK_CONNECT, (struct bytes){0}));
    assert_true(hook_is_asked(&hooks, HOOK_PUBLISH, BYTES_LITERAL("room")));
    assert_true(hook_is_asked(&hooks, HOOK_PUBLISH, BYTES_LITERAL("chat:1")));
    assert_false(hook_is_asked(&hooks, HOOK_PUBLISH, BYTES_LITERAL("rooms")));
    assert_false(hook_is_asked(&hooks, HOOK_SUBSCRIBE, BYTES_LITERAL("room")));
}

static void assert_same(const char *key, const char *(*name)(unsigned),
                        unsigned count)
{
    struct buffer names = {0};
    for (unsigned i = 0; i < count; i++) {
        buffer_append_text(&names, i ? "|" : "");
        buffer_append_text(&names, name(i));
    }
    assert_string_equal(buffer_text(&names),
                        config_key_find(&config_keys, key)->choices);
    buffer_deinit(&names);
}

static void the_config_has_all_of_them(void **state)
{
    (void)state;
    assert_same("hooks.questions", hook_name, HOOK_COUNT);
    assert_same("hooks.events", hook_event_name, EVENT_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_hooks_nothing_is_asked),
        cmocka_unit_test(a_hook_may_have_channels),
        cmocka_unit_test(the_config_has_all_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

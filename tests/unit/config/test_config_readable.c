#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/text_file.h"
#include "config/config_key.h"

/* The list in config_readable.c has every key that names a file, according to
 * the keys' help. */
static void every_file_key_is_checked(void **state)
{
    (void)state;
    struct buffer text = {0};
    struct error why;
    assert_true(text_file_read(PROJECT_ROOT "/server/config/config_readable.c",
                               1 << 20, &text, &why));
    for (size_t i = 0; i < config_keys.count; i++) {
        const struct config_key *key = &config_keys.items[i];
        char quoted[100];
        bool is_file = strstr(key->help, "PEM file") ||
                       strstr(key->help, "JSON Web Key Set") == key->help;
        snprintf(quoted, sizeof quoted, "\"%s\"", key->name);
        if (is_file && !strstr(buffer_text(&text), quoted))
            fail_msg("%s is not looked at", key->name);
    }
    buffer_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_key_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "base/log.h"
#include "fakes/fake_stderr.h"
#include "messaging/audit.h"

static int set_up(void **state)
{
    (void)state;
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    audit_setup(AUDIT_CHANGES);
    return 0;
}

static const char *written(const struct audit_entry *entry)
{
    fake_stderr_begin();
    audit_write(entry);
    return fake_stderr_end();
}

static void assert_ends(const char *line, const char *end)
{
    const char *at = strstr(line, " level=");
    assert_non_null(at);
    assert_string_equal(at, end);
}

static void the_level_selects_what_is_audited(void **state)
{
    (void)state;
    static const struct {
        enum audit_level level;
        bool changes;
        bool others;
    } cases[] = {{AUDIT_OFF, false, false},
                 {AUDIT_CHANGES, true, false},
                 {AUDIT_ALL, true, true}};
    assert_true(audit_is_on(true)); /* before any setup */
    for (size_t i = 0; i < COUNT(cases); i++) {
        audit_setup(cases[i].level);
        assert_int_equal(audit_is_on(true), cases[i].changes);
        assert_int_equal(audit_is_on(false), cases[i].others);
    }
}

static void a_line_is_written_whatever_the_log_level(void **state)
{
    (void)state;
    const struct audit_entry entry = {
        .action = "disconnect",
        .key = "ops",
        .address = "::1",
        .client = BYTES_LITERAL("eve"),
        .channel = BYTES_LITERAL("a b"),
        .reason = BYTES_LITERAL("so\n\"so\""),
        .status = 200,
    };
    assert_ends(written(&entry),
                " level=info message=\"Administrative action\" kind=audit "
                "action=disconnect key=ops address=::1 status=200 outcome=ok "
                "client=eve channel=\"a b\" reason=\"so\\u000a\\\"so\\\"\"\n");
}

static void empty_fields_are_omitted_and_the_status_has_an_outcome(void **state)
{
    (void)state;
    struct audit_entry entry = {
        .action = "x", .key = "k", .address = "a", .status = 403};
    assert_ends(written(&entry),
                " level=info message=\"Administrative action\" kind=audit "
                "action=x key=k address=a status=403 outcome=refused\n");
    entry.status = 503;
    assert_non_null(strstr(written(&entry), "outcome=failed\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_level_selects_what_is_audited),
        TEST(a_line_is_written_whatever_the_log_level),
        TEST(empty_fields_are_omitted_and_the_status_has_an_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

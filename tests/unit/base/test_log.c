#include "unit.h"

#include <pthread.h>
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_stderr.h"

#define TIME "2023-11-14T22:13:20.000Z"

static int set_up(void **state)
{
    (void)state;
    fake_clock_stop();
    log_setup(LOG_INFO, LOG_FORMAT_TEXT);
    return 0;
}

static void an_event_is_one_line_of_names_and_values(void **state)
{
    (void)state;
    fake_stderr_begin();
    log_event(LOG_INFO, "Listening", LOG_TEXT("host", "::1"),
              LOG_NUMBER("port", 8080), LOG_NUMBER("offset", -1));
    log_event(LOG_ERROR, "Plain");
    assert_string_equal(fake_stderr_end(),
                        "time=" TIME
                        " level=info message=Listening host=::1 port=8080 "
                        "offset=-1\n"
                        "time=" TIME " level=error message=Plain\n");
}

static void special_characters_are_quoted(void **state)
{
    (void)state;
    fake_stderr_begin();
    log_event(LOG_INFO, "Two words", LOG_TEXT("empty", ""),
              LOG_TEXT("equals", "a=b"), LOG_TEXT("quote", "a\"b\\c"),
              LOG_BYTES("bytes", BYTES_LITERAL("a\0\n\x7f")),
              LOG_TEXT("utf8", "\xc3\xa9"));
    assert_string_equal(fake_stderr_end(),
                        "time=" TIME
                        " level=info message=\"Two words\" empty=\"\" "
                        "equals=\"a=b\" quote=\"a\\\"b\\\\c\" "
                        "bytes=\"a\\u0000\\u000a\\u007f\" utf8=\"\xc3\xa9\"\n");
}

static void values_cannot_start_a_second_line(void **state)
{
    (void)state;
    fake_stderr_begin();
    log_event(LOG_INFO, "a\nlevel=error", LOG_TEXT("x", "b\r\nc"));
    const char *lines = fake_stderr_end();
    assert_ptr_equal(strchr(lines, '\n'), lines + strlen(lines) - 1);
    assert_null(strchr(lines, '\r'));
}

static void json_lines_hold_the_same_fields(void **state)
{
    (void)state;
    log_setup(LOG_INFO, LOG_FORMAT_JSON);
    fake_stderr_begin();
    log_event(LOG_WARN, "Say \"hi\"", LOG_TEXT("client", "a=b"),
              LOG_NUMBER("code", 1000));
    assert_string_equal(fake_stderr_end(),
                        "{\"time\":\"" TIME "\",\"level\":\"warn\","
                        "\"message\":\"Say \\\"hi\\\"\",\"client\":\"a=b\","
                        "\"code\":1000}\n");
}

static void lower_levels_are_not_written(void **state)
{
    (void)state;
    log_setup(LOG_WARN, LOG_FORMAT_TEXT);
    fake_stderr_begin();
    log_event(LOG_DEBUG, "No");
    log_event(LOG_INFO, "No");
    log_event(LOG_WARN, "Yes");
    assert_string_equal(fake_stderr_end(),
                        "time=" TIME " level=warn message=Yes\n");
    assert_false(log_is_on(LOG_INFO));
    assert_true(log_is_on(LOG_ERROR));
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    static char big[10000];
    memset(big, 'x', sizeof big - 1);
    fake_stderr_begin();
    log_event(LOG_INFO, "Big", LOG_TEXT("value", big), LOG_NUMBER("n", 1));
    char *line = (char *)fake_stderr_end();
    assert_non_null(strstr(line, "xxx...\" n=1\n"));
    assert_true(strlen(line) < 4096);
}

/* Each value fits alone, but the line cannot hold all of them. */
static void values_that_do_not_fit_are_marked_as_cut(void **state)
{
    (void)state;
    static char big[1501];
    memset(big, 'x', sizeof big - 1);
    fake_stderr_begin();
    log_event(LOG_INFO, "Big", LOG_TEXT("a", big), LOG_TEXT("b", big),
              LOG_TEXT("c", big), LOG_NUMBER("n", 1));
    const char *line = fake_stderr_end();
    assert_non_null(strstr(line, " b=xxx"));
    assert_null(strstr(line, " c="));
    assert_non_null(strstr(line, " n=1 cut=true\n"));
}

/* In both formats, any byte sequence gives one valid line. */
static void lines_are_valid_with_any_bytes(void **state)
{
    (void)state;
    static const struct bytes values[] = {
        BYTES_LITERAL("\xff\x9b\x80"),
        BYTES_LITERAL("caf\xc3"),
        BYTES_LITERAL("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
        BYTES_LITERAL("\xed\xa0\x80"),
        BYTES_LITERAL("\xc0\xaf"),
        BYTES_LITERAL("\xc2\x9b[31m\xe2\x80\xa8"),
        BYTES_LITERAL("\0\x1b\n\"\\"),
        BYTES_LITERAL("")};
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++)
        for (size_t i = 0; i < COUNT(values); i++) {
            log_setup(LOG_INFO, (enum log_format)format);
            fake_stderr_begin();
            log_event(LOG_INFO, "Request", LOG_BYTES("path", values[i]));
            struct bytes line = bytes_of(fake_stderr_end());
            assert_true(line.len > 0 && line.data[line.len - 1] == '\n');
            line.len--;
            assert_true(utf8_is_valid(line));
            for (size_t j = 0; j < line.len; j++)
                assert_true((unsigned char)line.data[j] >= ' ');
            assert_null(memmem(line.data, line.len, "\xc2\x9b", 2));
            if (format == LOG_FORMAT_JSON)
                assert_true(json_is_valid(line));
        }
}

/* At every length around the limits, with characters of one to four bytes. */
static void lines_are_valid_at_any_length(void **state)
{
    (void)state;
    static const char *const characters[] = {
        "x", "\xc3\xa9", "\"", "\xf0\x9f\x98\x80", "\x01", "\xff"};
    static char value[6000];
    log_setup(LOG_INFO, LOG_FORMAT_JSON);
    for (size_t c = 0; c < COUNT(characters); c++)
        for (size_t len = 300; len < 2100; len += 7) {
            value[0] = '\0';
            size_t used = 0;
            for (; used < len; used += strlen(characters[c]))
                strcpy(value + used, characters[c]);
            fake_stderr_begin();
            log_event(LOG_INFO, "Long", LOG_TEXT("a", value),
                      LOG_TEXT("b", value), LOG_TEXT("c", value));
            struct bytes line = bytes_of(fake_stderr_end());
            line.len--;
            assert_true(utf8_is_valid(line) && json_is_valid(line));
        }
}

static void event_of_one_place(int i)
{
    log_limited(LOG_INFO, 3, "Often", LOG_NUMBER("i", i));
}

static void a_rate_limit_reports_suppressed_lines(void **state)
{
    (void)state;
    fake_stderr_begin();
    for (int i = 0; i < 10; i++)
        event_of_one_place(i);
    fake_clock_advance(1000);
    event_of_one_place(10);
    event_of_one_place(11);
    assert_string_equal(
        fake_stderr_end(),
        "time=" TIME " level=info message=Often i=0\n"
        "time=" TIME " level=info message=Often i=1\n"
        "time=" TIME " level=info message=Often i=2\n"
        "time=2023-11-14T22:13:21.000Z level=info message=Often i=10 "
        "suppressed=7\n"
        "time=2023-11-14T22:13:21.000Z level=info message=Often i=11\n");
}

/* ---- several threads ---------------------------------------------- */

enum { WRITERS = 4, LINES = 400 };

static void *write_lines(void *arg)
{
    for (int i = 0; i < LINES; i++)
        log_event(LOG_INFO, "Line", LOG_TEXT("writer", arg),
                  LOG_NUMBER("i", i));
    return NULL;
}

static unsigned count_whole_lines(const char *lines)
{
    unsigned count = 0;
    while (*lines) {
        char writer[64];
        int used = 0;
        int number;
        if (sscanf(lines,
                   "time=" TIME " level=info message=Line writer=%63[a-z] "
                   "i=%d%n",
                   writer, &number, &used) < 2 ||
            lines[used] != '\n')
            return 0;
        lines += used + 1;
        count++;
    }
    return count;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
    (void)state;
    static char names[WRITERS][64];
    pthread_t threads[WRITERS];
    fake_stderr_begin();
    for (int i = 0; i < WRITERS; i++) {
        memset(names[i], 'a' + i, sizeof names[i] - 1);
        pthread_create(&threads[i], NULL, write_lines, names[i]);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count_whole_lines(fake_stderr_end()), WRITERS * LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_event_is_one_line_of_names_and_values,
                               set_up),
        cmocka_unit_test_setup(special_characters_are_quoted, set_up),
        cmocka_unit_test_setup(values_cannot_start_a_second_line, set_up),
        cmocka_unit_test_setup(json_lines_hold_the_same_fields, set_up),
        cmocka_unit_test_setup(lower_levels_are_not_written, set_up),
        cmocka_unit_test_setup(a_long_line_is_cut, set_up),
        cmocka_unit_test_setup(values_that_do_not_fit_are_marked_as_cut,
                               set_up),
        cmocka_unit_test_setup(lines_are_valid_with_any_bytes, set_up),
        cmocka_unit_test_setup(lines_are_valid_at_any_length, set_up),
        cmocka_unit_test_setup(a_rate_limit_reports_suppressed_lines, set_up),
        cmocka_unit_test_setup(lines_of_several_threads_do_not_mix, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The log writer with a reader that does not read. */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/log_writer.h"

enum { LINES = 5000 };

static int read_end;
static int old_stderr;

/* Replaces stderr by a pipe that holds one page. */
static void begin(void)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(fcntl(ends[0], F_SETPIPE_SZ, 4096) >= 4096);
    old_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    read_end = ends[0];
    signal(SIGPIPE, SIG_IGN);
    log_setup(LOG_INFO, LOG_FORMAT_TEXT);
    log_writer_start(log_lost_line);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void end(void)
{
    dup2(old_stderr, STDERR_FILENO);
    close(old_stderr);
}

static void write_lines(int count)
{
    for (int i = 0; i < count; i++)
        log_event(LOG_INFO, "Line", LOG_NUMBER("i", i),
                  LOG_TEXT("more", "text that makes the line longer"));
}

/* The content of the pipe up to its end, and the number of complete lines. */
struct heard {
    _Atomic uint64_t lines;
    _Atomic uint64_t told_lost;
    _Atomic uint64_t broken;
};

static void *hear(void *arg)
{
    struct heard *heard = arg;
    FILE *stream = fdopen(read_end, "r");
    char line[8192];
    while (fgets(line, sizeof line, stream)) {
        unsigned long lost;
        const char *count = strstr(line, "\"Log lines lost\" count=");
        bool is_whole =
            strncmp(line, "time=", 5) == 0 && line[strlen(line) - 1] == '\n';
        heard->broken += !is_whole;
        if (count && sscanf(strchr(count, '='), "=%lu", &lost) == 1)
            heard->told_lost += lost;
        else
            heard->lines++;
    }
    fclose(stream);
    return NULL;
}

static void no_thread_waits_for_an_unread_log(void **state)
{
    (void)state;
    struct heard heard = {0};
    pthread_t reader;
    uint64_t before = log_writer_lost();
    begin();
    double start = seconds();
    write_lines(LINES);
    assert_true(seconds() - start < 1);
    uint64_t lost = log_writer_lost() - before;
    assert_true(lost > 0 && lost < LINES);

    pthread_create(&reader, NULL, hear, &heard);
    /* stopping does not wait for a slow reader, but the test does */
    struct timespec pause = {.tv_nsec = 1000000};
    for (start = seconds();
         (heard.lines < LINES - lost || heard.told_lost < lost) &&
         seconds() - start < 20;)
        nanosleep(&pause, NULL);
    log_writer_stop();
    end();
    pthread_join(reader, NULL);
    assert_int_equal(heard.lines, LINES - lost);
    assert_int_equal(heard.broken, 0);
    assert_int_equal(heard.told_lost, lost);
}

static void stopping_does_not_wait_for_long(void **state)
{
    (void)state;
    begin();
    write_lines(200);
    uint64_t before = log_writer_lost();
    double start = seconds();
    log_writer_stop();
    assert_true(seconds() - start < 2);
    assert_true(log_writer_lost() > before);
    end();
    close(read_end);
}

static void lines_of_a_closed_log_are_counted(void **state)
{
    (void)state;
    uint64_t before = log_writer_lost();
    begin();
    close(read_end);
    write_lines(10);
    log_writer_stop();
    end();
    assert_true(log_writer_lost() - before >= 10);
}

static void all_lines_are_written_before_the_end(void **state)
{
    (void)state;
    struct heard heard = {0};
    pthread_t reader;
    begin();
    pthread_create(&reader, NULL, hear, &heard);
    write_lines(1000);
    log_writer_stop();
    end();
    pthread_join(reader, NULL);
    assert_int_equal(heard.lines, 1000);
    assert_int_equal(heard.broken, 0);
    assert_int_equal(heard.told_lost, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_thread_waits_for_an_unread_log),
        cmocka_unit_test(stopping_does_not_wait_for_long),
        cmocka_unit_test(lines_of_a_closed_log_are_counted),
        cmocka_unit_test(all_lines_are_written_before_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "messaging/metrics.h"

static struct metrics cells[2];
static const struct metrics *const all[] = {&cells[0], &cells[1]};

static int clear(void **state)
{
    (void)state;
    memset(cells, 0, sizeof cells);
    return 0;
}

static char *write_all(void)
{
    struct buffer out = {0};
    metrics_write(all, COUNT(all), &out);
    buffer_text(&out);
    return out.data;
}

static void assert_has(const char *line)
{
    char *text = write_all();
    if (!strstr(text, line))
        fail_msg("no %s in:\n%s", line, text);
    free(text);
}

static void cells_of_all_threads_are_summed(void **state)
{
    (void)state;
    metrics_add(&cells[0], METRIC_CONNECTIONS, 3);
    metrics_add(&cells[1], METRIC_CONNECTIONS, 4);
    metrics_add(&cells[1], METRIC_CONNECTIONS, -2);
    assert_int_equal(metrics_sum(all, 2, METRIC_CONNECTIONS), 5);
    assert_int_equal(metrics_sum(all, 1, METRIC_CONNECTIONS), 3);
    assert_has("\npeal_connections 5\n");
}

static void labels_are_in_braces(void **state)
{
    (void)state;
    metrics_add(&cells[0], METRIC_LIMIT_OUTBOX, 7);
    assert_has("\npeal_limit_reached_total{limit=\"outbox\"} 7\n");
}

static void closes_are_counted_by_reason(void **state)
{
    (void)state;
    metrics_count_close(&cells[0], CLOSE_TOO_SLOW);
    metrics_count_close(&cells[1], CLOSE_TOO_SLOW);
    assert_has("\npeal_closes_total{reason=\"too_slow\"} 2\n");
    assert_has("\npeal_closes_total{reason=\"restart\"} 0\n");
}

static void errors_are_counted_by_code(void **state)
{
    (void)state;
    metrics_count_fault(&cells[0], FAULT_FORBIDDEN);
    metrics_count_fault(&cells[1], FAULT_FORBIDDEN);
    assert_has("\npeal_errors_sent_total{code=\"forbidden\"} 2\n");
    assert_has("\npeal_errors_sent_total{code=\"unavailable\"} 0\n");
}

static void large_numbers_are_printed_in_full(void **state)
{
    (void)state;
    metrics_add(&cells[0], METRIC_BYTES_OUT, INT64_MAX);
    metrics_add(&cells[1], METRIC_BYTES_OUT, INT64_MAX);
    assert_has("\npeal_sent_bytes_total 18446744073709551614\n");
}

static void observations_are_summed_over_threads(void **state)
{
    (void)state;
    metrics_observe(&cells[0], DISTRIBUTION_FAN_OUT, 2000000);
    metrics_observe(&cells[1], DISTRIBUTION_FAN_OUT, 3000000000);
    metrics_observe(&cells[1], DISTRIBUTION_OUTBOX_DEPTH, 5);
    assert_has("\n# TYPE peal_fan_out_seconds histogram\n");
    assert_has("\npeal_fan_out_seconds_bucket{le=\"0.0025\"} 1\n");
    assert_has("\npeal_fan_out_seconds_bucket{le=\"+Inf\"} 2\n");
    assert_has("\npeal_fan_out_seconds_sum 3.002\n");
    assert_has("\npeal_outbox_depth_bytes_sum 5\n");
}

static void threads_with_a_name_show_their_cpu_time(void **state)
{
    (void)state;
    strcpy(cells[1].thread, "worker-7");
    metrics_note_thread(&cells[1], 1000);
    cells[1].cpu_ns = 12345678901;
    assert_has("\npeal_thread_cpu_seconds_total{thread=\"worker-7\"} "
               "12.345678\n");
    assert_has("\npeal_loop_lag_seconds_sum 0.000001\n");
    char *text = write_all();
    assert_null(strstr(text, "thread=\"\""));
    free(text);
}

static void a_gauge_may_be_set(void **state)
{
    (void)state;
    metrics_set(&cells[0], METRIC_CHANNELS, 5);
    metrics_set(&cells[0], METRIC_CHANNELS, 3);
    assert_has("\npeal_channels 3\n");
}

/* ---- the text format ---------------------------------------------- */

/* Reads "# HELP name text" or "# TYPE name kind". */
static const char *read_comment(const char *line, const char *word, char *name)
{
    char found[8];
    int used = 0;
    if (sscanf(line, "# %7[A-Z] %127[a-z_] %n", found, name, &used) < 2 ||
        strcmp(found, word) != 0)
        return NULL;
    return line + used;
}

static bool is_sample_of(const char *line, const char *name)
{
    static const char *const ends[] = {"", "_bucket", "_sum", "_count"};
    struct bytes found = {line, strcspn(line, " {")};
    for (size_t i = 0; i < COUNT(ends); i++) {
        char wanted[256];
        snprintf(wanted, sizeof wanted, "%s%s", name, ends[i]);
        if (bytes_equal(found, bytes_of(wanted)))
            return true;
    }
    return false;
}

/* A sample is a name, optional {label="text"}, and a number. */
static void check_sample(const char *line)
{
    char name[128];
    char label[128] = "";
    char value[32];
    int used = 0;
    bool ok =
        (sscanf(line, "%127[a-z_]{%127[a-zI0-9_=\"+.,-]} %31[0-9.]%n", name,
                label, value, &used) == 3 ||
         sscanf(line, "%127[a-z_] %31[0-9.]%n", name, value, &used) == 2) &&
        line[used] == '\0';
    if (!ok)
        fail_msg("not a sample: %s", line);
}

/* Each family has HELP, TYPE, then only its own samples. */
static void the_text_is_valid_for_prometheus(void **state)
{
    (void)state;
    char *text = write_all();
    char family[128] = "";
    char name[128];
    char seen[4096] = " ";
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (line[0] != '#') {
            if (!is_sample_of(line, family))
                fail_msg("%s is not below its HELP and TYPE", line);
            check_sample(line);
            continue;
        }
        const char *help = read_comment(line, "HELP", family);
        assert_non_null(help);
        assert_true(strlen(help) > 5);
        assert_memory_equal(family, "peal_", 5);
        snprintf(name, sizeof name, " %.120s ", family);
        assert_null(strstr(seen, name)); /* no family occurs twice */
        strcat(strcat(seen, family), " ");

        const char *kind = read_comment(strtok(NULL, "\n"), "TYPE", name);
        assert_string_equal(name, family);
        assert_true(strcmp(kind, "gauge") == 0 ||
                    strcmp(kind, "counter") == 0 ||
                    strcmp(kind, "histogram") == 0);
        size_t len = strlen(name);
        bool is_total = len > 6 && strcmp(name + len - 6, "_total") == 0;
        assert_int_equal(is_total, strcmp(kind, "counter") == 0);
    }
    free(text);
}

static void every_row_is_written_once(void **state)
{
    (void)state;
    for (enum metric i = 0; i < METRIC_COUNT; i++)
        metrics_add(&cells[0], i, 1000000 + i);
    for (enum close_reason i = 0; i < CLOSE_REASON_COUNT; i++)
        for (int j = 0; j <= 100 + (int)i; j++)
            metrics_count_close(&cells[0], i);
    char *text = write_all();
    for (int i = 0; i < METRIC_COUNT; i++) {
        char value[16];
        snprintf(value, sizeof value, " %d\n", 1000000 + i);
        const char *at = strstr(text, value);
        assert_non_null(at);
        assert_null(strstr(at + 1, value));
    }
    for (enum close_reason i = CLOSE_NONE + 1; i < CLOSE_REASON_COUNT; i++) {
        char line[100];
        snprintf(line, sizeof line, "{reason=\"%s\"} %d\n",
                 close_reason_info(i)->name, 101 + (int)i);
        assert_non_null(strstr(text, line));
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(cells_of_all_threads_are_summed, clear),
        cmocka_unit_test_setup(labels_are_in_braces, clear),
        cmocka_unit_test_setup(closes_are_counted_by_reason, clear),
        cmocka_unit_test_setup(errors_are_counted_by_code, clear),
        cmocka_unit_test_setup(large_numbers_are_printed_in_full, clear),
        cmocka_unit_test_setup(observations_are_summed_over_threads, clear),
        cmocka_unit_test_setup(threads_with_a_name_show_their_cpu_time, clear),
        cmocka_unit_test_setup(a_gauge_may_be_set, clear),
        cmocka_unit_test_setup(the_text_is_valid_for_prometheus, clear),
        cmocka_unit_test_setup(every_row_is_written_once, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

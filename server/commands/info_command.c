#include "commands/info_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "commands/remote.h"

enum { DONE = 0, REFUSED = 1, BAD_USAGE = 2 };

struct info {
    struct remote_options remote;
    const char *help;
};

static const struct command_flag items[] = {
    REMOTE_FLAGS(struct info, remote),
    {"help", NULL, offsetof(struct info, help), "print this help"},
    {0},
};

static const struct command_flags flags = {.command = "info", .items = items};

static void print_help(void)
{
    printf("Usage: peal info [--url URL]\n\n"
           "Prints the state of a server: whether it is ready, its counters "
           "and, with\nPEAL_API_KEY, the channels with subscribers.\n\n");
    command_flags_print(&flags);
    printf("\n  peal info --url https://chat.example.com\n");
}

/* The metrics to print, and their labels. */
static const struct {
    const char *metric;
    const char *name;
} counts[] = {
    {"peal_connections", "connections"},
    {"peal_connections_opened_total", "opened"},
    {"peal_published_total", "published"},
    {"peal_messages_sent_total", "sent"},
};

static bool print_ready(const struct info *info, struct error *error)
{
    int status;
    struct buffer answer = {0};
    struct json_slot slots[] = {{.name = "error"}};
    const char *why;
    bool ok =
        remote_ask(&info->remote, "/ready", NULL, &status, &answer, error);
    if (ok && status == 200)
        puts("ready        yes");
    else if (ok && json_scan_object(buffer_bytes(&answer), slots, 1, &why))
        printf("ready        no: %.*s\n", (int)slots[0].raw.len,
               slots[0].raw.data);
    else if (ok)
        ok = error_set(error, "unexpected response; is this a Peal server?");
    buffer_deinit(&answer);
    return ok;
}

static void print_count(const char *text, const char *metric, const char *name)
{
    size_t len = strlen(metric);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, metric, len) == 0 && line[len] == ' ') {
            printf("%-12s %.*s\n", name, (int)strcspn(line + len + 1, "\n"),
                   line + len + 1);
            return;
        }
    }
}

/* The bus thread exists even if Redis is unavailable. */
static bool has_redis(const char *text)
{
    return strstr(text, "peal_thread_cpu_seconds_total{thread=\"bus\"}");
}

static bool print_counts(const struct info *info, struct error *error)
{
    struct buffer answer = {0};
    bool ok = remote_tell(&info->remote, "/metrics", NULL, &answer, error);
    for (size_t i = 0; ok && i < sizeof counts / sizeof *counts; i++)
        print_count(buffer_text(&answer), counts[i].metric, counts[i].name);
    if (ok && has_redis(buffer_text(&answer)))
        print_count(buffer_text(&answer), "peal_redis_ready", "redis ready");
    buffer_deinit(&answer);
    return ok;
}

static bool print_channels(const struct info *info, struct error *error)
{
    struct buffer answer = {0};
    struct json_slot slots[] = {{.name = "channels"}, {.name = "more"}};
    const char *why;
    bool ok = remote_tell(&info->remote, "/api/channels", NULL, &answer, error);
    if (ok && json_scan_object(buffer_bytes(&answer), slots, 2, &why)) {
        struct bytes element;
        bool is_first = true;
        while (json_next_element(&slots[0].raw, &element)) {
            printf("%-12s %.*s\n", is_first ? "channels" : "",
                   (int)element.len - 2, element.data + 1);
            is_first = false;
        }
        if (is_first)
            puts("channels     none");
        if (bytes_equal(slots[1].raw, BYTES_LITERAL("true")))
            puts("             ...");
    }
    buffer_deinit(&answer);
    return ok;
}

int info_command(int argc, char **argv)
{
    struct error error;
    struct info info = {0};
    int code = DONE;
    if (!command_flags_read(&flags, argc, argv, &info, &error))
        code = BAD_USAGE;
    else if (info.help)
        print_help();
    else if (!print_ready(&info, &error) || !print_counts(&info, &error) ||
             (remote_has_key() && !print_channels(&info, &error)))
        code = REFUSED;
    if (code != DONE)
        fprintf(stderr, "peal info: %s\n", error.text);
    return code;
}

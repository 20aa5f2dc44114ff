/* peal: the main program, which connects command_line, config and server. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log_writer.h"
#include "commands/command_line.h"
#include "config/config_format.h"
#include "config/config_load.h"
#include "config/config_notes.h"
#include "config/config_print.h"
#include "config/config_readable.h"
#include "config/config_reload.h"
#include "server.h"

/* Exit codes; scripts rely on them. */
enum { DONE = 0, CANNOT_START = 1, BAD_USAGE = 2 };

static int fail(int code, const struct error *error)
{
    fprintf(stderr, "peal: %s\n", error->text);
    return code;
}

/* JSON readers expect only JSON lines. */
static int fail_to_serve(int code, const struct error *error,
                         enum log_format format)
{
    if (format != LOG_FORMAT_JSON)
        return fail(code, error);
    log_setup(LOG_INFO, format);
    log_event(LOG_ERROR, "Cannot start", LOG_TEXT("reason", error->text));
    return code;
}

static void print_config(const struct config *config,
                         void (*print)(const struct config *config,
                                       struct buffer *out))
{
    struct buffer text = {0};
    print(config, &text);
    fputs(buffer_text(&text), stdout);
    buffer_deinit(&text);
}

/* Memory contains keys, tokens and messages, so core files are disabled
 * completely. This also prevents other processes of the same user from reading
 * the memory and environment. See prctl(2). */
static void allow_looking_inside(bool is_allowed)
{
    prctl(PR_SET_DUMPABLE, is_allowed);
}

/* Runs --print-config and `peal config`. */
static int show(struct config *config, enum command_line_action action)
{
    config_notes_print(&config->notes, stderr);
    print_config(config, action == COMMAND_LINE_PRINT_ORIGINS
                             ? config_print_origins
                             : config_print);
    return DONE;
}

/* Runs --check-config. */
static int check(const struct command_line *line, struct config *config)
{
    struct error error;
    const char *file = line->sources.file;
    if (line->user && !config_readable_by(line->user, file, config, &error))
        return fail(BAD_USAGE, &error);
    if (!line->user)
        config_readable_judge(file, config);
    config_notes_print(&config->notes, stderr);
    puts("Configuration ok");
    return DONE;
}

static int serve(const struct config *config,
                 const struct config_sources *sources)
{
    struct error error;
    allow_looking_inside(config->core_dumps);
    log_detect_journal();
    log_setup(config->log_level, config->log_format);
    if (!log_use_file(config->log_file, &error))
        return fail_to_serve(CANNOT_START, &error, config->log_format);
    config_reload_use(config);
    log_writer_start(log_lost_line);
    config_notes_log(&config->notes);
    struct server *server = server_new(config, sources, &error);
    bool is_done = server && server_run(server, &error);
    if (server)
        server_free(server);
    log_writer_stop();
    log_use_file(NULL, &(struct error){0}); /* for the starting process */
    return is_done ? DONE
                   : fail_to_serve(CANNOT_START, &error, config->log_format);
}

static int run(const struct command_line *line)
{
    struct error error;
    struct config *config = config_load(&line->sources, &error);
    if (!config && line->action != COMMAND_LINE_SERVE)
        return fail(BAD_USAGE, &error);
    if (!config)
        return fail_to_serve(BAD_USAGE, &error,
                             config_format_wanted(&line->sources));
    int code;
    if (line->action == COMMAND_LINE_SERVE)
        code = serve(config, &line->sources);
    else if (line->action == COMMAND_LINE_CHECK_CONFIG)
        code = check(line, config);
    else
        code = show(config, line->action);
    config_free(config);
    return code;
}

/* If one of them is closed, the next file or socket would get its number and
 * receive log output. */
static void open_standard_descriptors(void)
{
    while (true) {
        int fd = open("/dev/null", O_RDWR);
        if (fd < 0)
            return;
        if (fd > STDERR_FILENO) {
            close(fd);
            return;
        }
    }
}

int main(int argc, char **argv)
{
    open_standard_descriptors();
    allow_looking_inside(false);
    const struct command *command = command_line_find(argc, argv);
    if (command)
        return command->run(argc - 1, argv + 1);

    struct error error;
    struct command_line line = {
        .sources = {.environment = environ, .arguments = argv}};
    const struct config_sources known = {.environment = environ};
    if (!command_line_parse(&line, argc, argv, &error))
        return fail_to_serve(BAD_USAGE, &error, config_format_wanted(&known));
    int code = DONE;
    if (line.action == COMMAND_LINE_VERSION)
        command_line_print_version();
    else if (line.action == COMMAND_LINE_HELP)
        command_line_print_help();
    else
        code = run(&line);
    command_line_deinit(&line);
    return code;
}

/* peal: the program. What it does is decided by command_line and config, and
 * done by server; here they only meet. */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "command_line.h"
#include "config_print.h"
#include "server.h"

/* Exit codes; scripts rely on them. */
enum { DONE = 0, CANNOT_START = 1, BAD_USAGE = 2 };

static int fail(int code, const struct error *error)
{
    fprintf(stderr, "peal: %s\n", error->text);
    return code;
}

static void print_config(const struct config *config)
{
    struct buffer text = {0};
    config_print(config, &text);
    fputs(buffer_text(&text), stdout);
    buffer_deinit(&text);
}

/* Keys, tokens and what clients say are all over the memory: no part of it is
 * kept out of a core file, but the whole. Then not even other processes of the
 * same user may look into ours, or at its environment. See prctl(2). */
static void allow_looking_inside(bool is_allowed)
{
    prctl(PR_SET_DUMPABLE, is_allowed);
}

static int serve(const struct config *config,
                 const struct config_sources *sources)
{
    struct error error;
    allow_looking_inside(config->core_dumps);
    log_setup(config->log_level, config->log_format);
    struct server *server = server_new(config, sources, &error);
    if (!server)
        return fail(CANNOT_START, &error);
    bool is_done = server_run(server, &error);
    server_free(server);
    return is_done ? DONE : fail(CANNOT_START, &error);
}

static int run(const struct command_line *line)
{
    struct error error;
    struct config *config = config_load(&line->sources, &error);
    if (!config)
        return fail(BAD_USAGE, &error);
    int code = DONE;
    if (line->action == COMMAND_LINE_SERVE)
        code = serve(config, &line->sources);
    else if (line->action == COMMAND_LINE_PRINT_CONFIG)
        print_config(config);
    else
        puts("Configuration ok");
    config_free(config);
    return code;
}

int main(int argc, char **argv)
{
    allow_looking_inside(false);
    const struct command *command = command_line_find(argc, argv);
    if (command)
        return command->run(argc - 1, argv + 1);

    struct error error;
    struct command_line line = {
        .sources = {.environment = environ, .arguments = argv}};
    if (!command_line_parse(&line, argc, argv, &error))
        return fail(BAD_USAGE, &error);
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

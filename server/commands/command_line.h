/* command_line: parses the command line.
 *
 * Owner:   a parsed command line borrows the arguments and owns its flags;
 *          command_line_deinit frees them.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: false, with the argument and the closest known one in the error.
 */
#ifndef PEAL_COMMAND_LINE_H
#define PEAL_COMMAND_LINE_H

#include "config/config.h"

enum command_line_action {
    COMMAND_LINE_SERVE,
    COMMAND_LINE_CHECK_CONFIG,
    COMMAND_LINE_PRINT_CONFIG,
    COMMAND_LINE_PRINT_ORIGINS,
    COMMAND_LINE_VERSION,
    COMMAND_LINE_HELP
};

struct command_line {
    enum command_line_action action;
    const char *user; /* --check-config: user that reads, or NULL */
    struct config_sources sources; /* all except the environment */
    struct config_flag *flags;     /* storage of sources.flags */
};

/* A command with its own program, like `peal token`. */
struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the name; NULL: it takes
                                          the server's arguments */
    const char *help;
};

/* The command named by argv[1], if it has its own program, or NULL. `--help
 * TOPIC` is `help TOPIC`. */
const struct command *command_line_find(int argc, char **argv);

/* Parses the server's arguments into a zeroed struct, which stays empty on an
 * error. */
bool command_line_parse(struct command_line *line, int argc, char **argv,
                        struct error *error);

void command_line_deinit(struct command_line *line);

/* To stdout. */
void command_line_print_version(void);
void command_line_print_help(void);

#endif

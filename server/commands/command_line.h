/* command_line: what the arguments ask for.
 *
 * Owner:   a parsed command line borrows the arguments and owns its flags;
 *          command_line_deinit frees them.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: false, with the argument and the nearest known one in the error.
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
    const char *user; /* --check-config: who is to read the files; or NULL */
    struct config_sources sources; /* all but the environment */
    struct config_flag *flags;     /* what sources.flags points to */
};

/* A program of its own behind one word, like `peal token`. */
struct command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the name; NULL: it takes
                                          the arguments of serving */
    const char *help;
};

/* The command that argv[1] names and that runs by itself, or NULL. `--help
 * TOPIC` is `help TOPIC`. */
const struct command *command_line_find(int argc, char **argv);

/* Reads the arguments of serving into a zeroed struct, which stays empty when
 * they are wrong. */
bool command_line_parse(struct command_line *line, int argc, char **argv,
                        struct error *error);

void command_line_deinit(struct command_line *line);

/* To stdout. */
void command_line_print_version(void);
void command_line_print_help(void);

#endif

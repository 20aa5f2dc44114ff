/* command_flags: the flags of a command like `peal token`, read by a table.
 *
 * Owner:   values are borrowed from argv.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: false, with the flag and the nearest known one in the error.
 */
#ifndef PEAL_COMMAND_FLAGS_H
#define PEAL_COMMAND_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct command_flag {
    const char *name;
    const char *placeholder; /* of its value; NULL: takes none */
    size_t offset;           /* of the const char * that is set */
    const char *help;
};

/* A command's flags; the last one's name is NULL. `word`: of the one argument
 * that is no flag, or NULL: there is none. */
struct command_flags {
    const char *command; /* for messages: "token" */
    const struct command_flag *items;
    const char *word;
    size_t word_offset;
};

/* Sets the fields of `base`. A flag without a value gives "". */
bool command_flags_read(const struct command_flags *flags, int argc,
                        char **argv, void *base, struct error *error);

/* One a line. */
void command_flags_print(const struct command_flags *flags);

#endif

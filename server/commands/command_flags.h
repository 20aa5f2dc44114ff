/* command_flags: parses the flags of a command like `peal token` by a table.
 *
 * Owner:   values are borrowed from argv.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: false, with the flag and the closest known one in the error.
 */
#ifndef PEAL_COMMAND_FLAGS_H
#define PEAL_COMMAND_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct command_flag {
    const char *name;
    const char *placeholder; /* name of its value; NULL: takes none */
    size_t offset;           /* offset of the const char * to set */
    const char *help;
};

/* A command's flags; the last one's name is NULL. `word`: the single argument
 * that is not a flag, or NULL. */
struct command_flags {
    const char *command; /* name in messages: "token" */
    const struct command_flag *items;
    const char *word;
    size_t word_offset;
};

/* Sets the fields of `base`. A flag without a value gives "". */
bool command_flags_read(const struct command_flags *flags, int argc,
                        char **argv, void *base, struct error *error);

/* Prints one per line. */
void command_flags_print(const struct command_flags *flags);

#endif

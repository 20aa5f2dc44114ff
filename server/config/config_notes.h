/* config_notes: warnings and notes about a valid config.
 *
 * Owner:   the config owns its notes.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_CONFIG_NOTES_H
#define PEAL_CONFIG_NOTES_H

#include <stdbool.h>
#include <stdio.h>

#include "config/config.h"

/* Adds a warning, written like printf. */
__attribute__((format(printf, 2, 3))) void
config_notes_warn(struct config *config, const char *format, ...);

/* Whether the key is retired; warns that it has no effect any more. */
bool config_notes_retired(struct config *config, const char *where,
                          const char *name);

/* Warns about secrets that contain leftovers of a shell, file or template.
 * Warnings never contain the secret. */
void config_notes_judge_secrets(struct config *config);

/* Logs all notes. */
void config_notes_log(const struct config_notes *notes);

/* Prints the warnings for humans, one per line. */
void config_notes_print(const struct config_notes *notes, FILE *out);

void config_notes_deinit(struct config_notes *notes);

#endif

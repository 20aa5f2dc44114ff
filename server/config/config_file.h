/* config_file: reads the config's JSON file, with comments.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  1 MiB.
 * Failure: false, with file and key (or line) in the error.
 */
#ifndef PEAL_CONFIG_FILE_H
#define PEAL_CONFIG_FILE_H

#include "config/config.h"

/* Sets the keys in the file; other fields are unchanged. */
bool config_file_read(const char *path, struct config *config,
                      struct error *error);

#endif

/* config_folder: reads the files of conf.d, a folder next to the config file,
 * in the order of their names. A later value replaces an earlier one, key by
 * key.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  each file as in config_file.h.
 * Failure: false, with file, key and what was expected in the error.
 */
#ifndef PEAL_CONFIG_FOLDER_H
#define PEAL_CONFIG_FOLDER_H

#include "config/config.h"

#define CONFIG_FOLDER "conf.d"

/* Reads the folder next to `file`, if it exists. */
bool config_folder_read(const char *file, struct config *config,
                        struct error *error);

#endif

/* config_format: determines the log format for errors when the config cannot be
 * loaded, as far as possible from invalid sources.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  a file is at most 1 MiB.
 * Failure: text, like the default of log.format.
 */
#ifndef PEAL_CONFIG_FORMAT_H
#define PEAL_CONFIG_FORMAT_H

#include "config/config.h"

enum log_format config_format_wanted(const struct config_sources *sources);

#endif

/* config_format: in which format errors are to be reported when the config
 * cannot be loaded: as much as can be told from sources that may be wrong.
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

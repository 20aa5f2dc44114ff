/* bench_preset: named sets of options for known servers.
 *
 * Owner:   static tables.
 * Thread:  before the threads start.
 * Limits:  none.
 * Failure: prints an unknown name and returns false.
 */
#ifndef PEAL_BENCH_PRESET_H
#define PEAL_BENCH_PRESET_H

#include <stdbool.h>

struct bench_options;

/* Sets the options of the preset `name`. */
bool bench_preset_apply(const char *name, struct bench_options *options);

#endif

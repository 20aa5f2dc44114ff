/* bench_script: the text that a publisher sends repeatedly.
 *
 * Owner:   embedded in the link; owns the text.
 * Thread:  the link's worker, once made.
 * Limits:  --payload bytes and the wrapping.
 * Failure: init returns false without memory, or if --wrap has no %s.
 */
#ifndef PEAL_BENCH_SCRIPT_H
#define PEAL_BENCH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench_stamp.h"

struct bench_options;

struct bench_script {
    unsigned char *text;
    size_t len;
    size_t stamp_at;
};

/* Makes the text of connection `number` in its room. */
bool bench_script_init(struct bench_script *self,
                       const struct bench_options *options, uint32_t number,
                       uint32_t room_number);

/* Frees the text, if there is one. */
void bench_script_deinit(struct bench_script *self);

/* Writes the stamp into the text. */
void bench_script_stamp(struct bench_script *self,
                        const struct bench_stamp *stamp);

#endif

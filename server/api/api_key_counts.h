/* api_key_counts: how many requests with one key were answered, by status.
 *
 * Owner:   counted: a key of the config, and the one of that name after a
 *          reload.
 * Thread:  any.
 * Limits:  one number for each status.
 * Failure: none.
 */
#ifndef PEAL_API_API_KEY_COUNTS_H
#define PEAL_API_API_KEY_COUNTS_H

#include "base/buffer.h"

struct api_key_counts;

struct api_key_counts *api_key_counts_new(void);
struct api_key_counts *api_key_counts_ref(struct api_key_counts *counts);
void api_key_counts_unref(struct api_key_counts *counts);

/* A request was answered. */
void api_key_counts_add(struct api_key_counts *counts, int status);

#define API_KEY_COUNTS_HEAD                                                    \
    "# HELP peal_api_key_requests_total Requests of backends answered, by "    \
    "the key's name.\n"                                                        \
    "# TYPE peal_api_key_requests_total counter\n"

/* Prometheus' text format: a line for each status that was answered. */
void api_key_counts_write(const struct api_key_counts *counts, const char *name,
                          struct buffer *out);

#endif

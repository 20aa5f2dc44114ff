/* api_key_counts: counts requests with one key, by status.
 *
 * Owner:   reference-counted: shared by a key of the config and its successor
 *          of the same name after a reload.
 * Thread:  any.
 * Limits:  one counter per status.
 * Failure: none.
 */
#ifndef PEAL_API_API_KEY_COUNTS_H
#define PEAL_API_API_KEY_COUNTS_H

#include "base/buffer.h"

struct api_key_counts;

struct api_key_counts *api_key_counts_new(void);
struct api_key_counts *api_key_counts_ref(struct api_key_counts *counts);
void api_key_counts_unref(struct api_key_counts *counts);

/* Counts an answered request. */
void api_key_counts_add(struct api_key_counts *counts, int status);

#define API_KEY_COUNTS_HEAD                                                    \
    "# HELP peal_api_key_requests_total Backend requests answered, by key "    \
    "name.\n"                                                                  \
    "# TYPE peal_api_key_requests_total counter\n"

/* Prometheus' text format: one line per status that occurred. */
void api_key_counts_write(const struct api_key_counts *counts, const char *name,
                          struct buffer *out);

#endif

/* utc_time: formats a time (RFC 3339).
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  years up to 9999.
 * Failure: none.
 */
#ifndef PEAL_BASE_UTC_TIME_H
#define PEAL_BASE_UTC_TIME_H

#include <stdint.h>

enum { UTC_TIME_TEXT = 40 }; /* with the terminating zero */

/* Writes 2026-11-28T09:28:02.134Z. */
void utc_time_print(int64_t time_ms, char out[UTC_TIME_TEXT]);

#endif

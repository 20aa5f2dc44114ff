/* words: iterates over the items of a header list.
 *
 * Owner:   everything is borrowed.
 * Thread:  any.
 * Limits:  none.
 * Failure: none; empty items are skipped.
 */
#ifndef PEAL_AUTH_WORDS_H
#define PEAL_AUTH_WORDS_H

#include <stdbool.h>

#include "base/bytes.h"

/* Removes the next item, delimited by any of `separators`, from `rest`. False
 * at the end. */
bool words_next(struct bytes *rest, const char *separators, struct bytes *word);

#endif

/* words: walks the items of a header that is a list.
 *
 * Owner:   everything is borrowed.
 * Thread:  any.
 * Limits:  none.
 * Failure: none; empty items are stepped over.
 */
#ifndef PEAL_AUTH_WORDS_H
#define PEAL_AUTH_WORDS_H

#include <stdbool.h>

#include "base/bytes.h"

/* Takes the next word off `rest`: what stands between any of `separators`.
 * False at the end. */
bool words_next(struct bytes *rest, const char *separators, struct bytes *word);

#endif

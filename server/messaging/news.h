/* news: something that happened, for the application or another target.
 *
 * Owner:   whoever has it.
 * Thread:  one at a time.
 * Limits:  those of the queue that it comes into.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_NEWS_H
#define PEAL_MESSAGING_NEWS_H

#include "base/buffer.h"

struct hook_target;

/* The members of its JSON object but the id, each behind a comma. */
struct news {
    struct news *next;
    struct hook_target *target; /* a reference; NULL: the application */
    size_t len;
    char json[];
};

/* Empties the buffer. `target` may be NULL. */
struct news *news_new(struct hook_target *target, struct buffer *json);
void news_free(struct news *news);

#endif

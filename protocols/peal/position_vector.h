/* position_vector: where a stream is in each of its channels, as the text that
 * is an event's id.
 *
 * The text is `name*epoch.offset` for each channel, joined by `~`: characters
 * that no channel name has, and that need no escaping in an address.
 *
 * Owner:   the caller; names are copied.
 * Thread:  any, one at a time.
 * Limits:  none; the caller looks at position_vector_size.
 * Failure: what cannot be read is left out.
 */
#ifndef PEAL_PROTOCOLS_POSITION_VECTOR_H
#define PEAL_PROTOCOLS_POSITION_VECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "messaging/request.h"

struct position_entry {
    char *channel;
    struct position position;
};

/* A zeroed struct is empty. */
struct position_vector {
    struct position_entry *entries;
    size_t count;
};

void position_vector_deinit(struct position_vector *vector);

/* NULL when the channel has no position. */
const struct position *
position_vector_find(const struct position_vector *vector,
                     struct bytes channel);

void position_vector_set(struct position_vector *vector, struct bytes channel,
                         struct position position);

void position_vector_remove(struct position_vector *vector,
                            struct bytes channel);

void position_vector_write(const struct position_vector *vector,
                           struct buffer *out);

/* Adds what the text says; of a channel named twice the first counts. */
void position_vector_read(struct position_vector *vector, struct bytes text);

/* What a channel adds to the text at the most. */
size_t position_vector_size(struct bytes channel);

#endif

/* position_vector: the position of an event stream in each of its channels, as
 * the text of an event id.
 *
 * The text is `name*epoch.offset` for each channel, joined by `~`. Channel
 * names never contain these characters, and URLs need no escaping for them.
 *
 * Owner:   the caller; names are copied.
 * Thread:  any, one at a time.
 * Limits:  none; the caller checks position_vector_size.
 * Failure: unreadable entries are left out.
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

/* Adds the positions in the text. If a channel appears twice, the first
 * position counts. */
void position_vector_read(struct position_vector *vector, struct bytes text);

/* Maximum bytes that one channel adds to the text. */
size_t position_vector_size(struct bytes channel);

#endif

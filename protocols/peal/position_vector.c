#include "protocols/peal/position_vector.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "messaging/names.h"
#include "messaging/store/epoch.h"

#define ENTRY_END '~'
#define NAME_END  '*'

void position_vector_deinit(struct position_vector *vector)
{
    for (size_t i = 0; i < vector->count; i++)
        free(vector->entries[i].channel);
    free(vector->entries);
    *vector = (struct position_vector){0};
}

static struct position_entry *find(const struct position_vector *vector,
                                   struct bytes channel)
{
    for (size_t i = 0; i < vector->count; i++)
        if (bytes_equal(bytes_of(vector->entries[i].channel), channel))
            return &vector->entries[i];
    return NULL;
}

const struct position *
position_vector_find(const struct position_vector *vector, struct bytes channel)
{
    const struct position_entry *entry = find(vector, channel);
    return entry ? &entry->position : NULL;
}

static struct position_entry *add(struct position_vector *vector,
                                  struct bytes channel)
{
    vector->entries = memory_resize(vector->entries, vector->count + 1,
                                    sizeof *vector->entries);
    struct position_entry *entry = &vector->entries[vector->count++];
    entry->channel = memory_copy_text(channel.data, channel.len);
    return entry;
}

void position_vector_set(struct position_vector *vector, struct bytes channel,
                         struct position position)
{
    struct position_entry *entry = find(vector, channel);
    if (!entry)
        entry = add(vector, channel);
    entry->position = position;
}

void position_vector_remove(struct position_vector *vector,
                            struct bytes channel)
{
    struct position_entry *entry = find(vector, channel);
    if (!entry)
        return;
    free(entry->channel);
    *entry = vector->entries[--vector->count];
}

void position_vector_write(const struct position_vector *vector,
                           struct buffer *out)
{
    char epoch[EPOCH_LEN + 1];
    for (size_t i = 0; i < vector->count; i++) {
        const struct position_entry *entry = &vector->entries[i];
        if (i)
            buffer_append_char(out, ENTRY_END);
        buffer_append_text(out, entry->channel);
        buffer_append_char(out, NAME_END);
        epoch_encode(entry->position.epoch, epoch);
        buffer_append_text(out, epoch);
        buffer_append_char(out, '.');
        buffer_append_uint(out, entry->position.offset);
    }
}

/* ---- reading ------------------------------------------------------------- */

/* Takes the text up to `end`, and `end` itself; returns the text. */
static struct bytes take_until(struct bytes *rest, char end)
{
    const char *at = rest->len ? memchr(rest->data, end, rest->len) : NULL;
    size_t len = at ? (size_t)(at - rest->data) : rest->len;
    struct bytes taken = {rest->data, len};
    *rest = bytes_skip(*rest, at ? len + 1 : len);
    return taken;
}

static bool read_position(struct bytes text, struct position *position)
{
    if (text.len <= EPOCH_LEN || text.data[EPOCH_LEN] != '.')
        return false;
    struct bytes epoch = {text.data, EPOCH_LEN};
    return epoch_decode(epoch, &position->epoch) &&
           json_decode_uint(bytes_skip(text, EPOCH_LEN + 1), &position->offset);
}

void position_vector_read(struct position_vector *vector, struct bytes text)
{
    while (text.len) {
        struct position position;
        struct bytes rest = take_until(&text, ENTRY_END);
        struct bytes channel = take_until(&rest, NAME_END);
        if (channel_name_is_valid(channel) && read_position(rest, &position) &&
            !find(vector, channel))
            add(vector, channel)->position = position;
    }
}

size_t position_vector_size(struct bytes channel)
{
    enum { OFFSET_LEN = 20, SIGNS = 3 };
    return channel.len + EPOCH_LEN + OFFSET_LEN + SIGNS;
}

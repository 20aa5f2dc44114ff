#include "messaging/options.h"

#include "base/memory.h"
#include "messaging/names.h"

const struct channel_options *
channel_options_find(const struct channel_options_list *list,
                     const char *channel)
{
    const struct channel_options *own =
        list->of_protocol ? list->of_protocol(channel) : NULL;
    if (own)
        return own;
    for (size_t i = 0; i < list->count; i++)
        if (name_matches(list->items[i].match, bytes_of(channel)))
            return &list->items[i];
    PANIC_IF("the last channel options match everything");
    return NULL;
}

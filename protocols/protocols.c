#include "protocols/protocols.h"

#include <string.h>

const struct protocol *const protocols[] = {
    &protocol_echo,
    &protocol_broadcast,
    NULL,
};

const char *const protocol_names[] = {
    "echo",
    "broadcast",
    NULL,
};

const struct protocol *protocol_find(const char *name)
{
    for (const struct protocol *const *at = protocols; *at; at++)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    return NULL;
}

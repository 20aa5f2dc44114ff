#include "messaging/protocol.h"

#include <string.h>

const struct protocol *protocol_find(const struct protocol *const *table,
                                     const char *name)
{
    for (; *table; table++)
        if (strcmp((*table)->name, name) == 0)
            return *table;
    return NULL;
}

#include "messaging/store/leavers.h"

#include <stdlib.h>

#include "base/hash.h"

struct leaver {
    uint64_t due_ms;
    UT_hash_handle hh;
    char client[];
};

static void drop(struct leavers *leavers, struct leaver *leaver)
{
    HASH_DEL(leavers->items, leaver);
    free(leaver);
}

void leavers_add(struct leavers *leavers, const char *client, uint64_t due_ms)
{
    struct leaver *leaver;
    HASH_ADD_NAMED(leavers->items, client, bytes_of(client), leaver);
    leaver->due_ms = due_ms;
}

bool leavers_remove(struct leavers *leavers, const char *client)
{
    struct leaver *leaver;
    HASH_FIND_NAMED(leavers->items, bytes_of(client), leaver);
    if (leaver)
        drop(leavers, leaver);
    return leaver != NULL;
}

const char *leavers_due(const struct leavers *leavers, uint64_t now_ms)
{
    const struct leaver *first = leavers->items;
    return first && first->due_ms <= now_ms ? first->client : NULL;
}

void leavers_clear(struct leavers *leavers)
{
    struct leaver *leaver;
    struct leaver *next;
    HASH_ITER(hh, leavers->items, leaver, next)
    drop(leavers, leaver);
}

#include "messaging/members.h"

#include <stdlib.h>

#include "base/hash.h"

struct member {
    uint32_t connections;
    UT_hash_handle hh;
    char client[];
};

static struct member *find(const struct members *members, const char *client)
{
    struct member *member;
    HASH_FIND_STR(members->first, client, member);
    return member;
}

static struct member *find_or_add(struct members *members, const char *client)
{
    struct member *member = find(members, client);
    if (member)
        return member;
    size_t len = strlen(client);
    member = memory_new(1, sizeof *member + len + 1);
    memcpy(member->client, client, len + 1);
    HASH_ADD_KEYPTR(hh, members->first, member->client, len, member);
    return member;
}

bool members_add(struct members *members, const char *client)
{
    return ++find_or_add(members, client)->connections == 1;
}

void members_add_many(struct members *members, const char *client,
                      uint32_t connections)
{
    find_or_add(members, client)->connections += connections;
}

uint32_t members_count(const struct members *members, const char *client)
{
    const struct member *member = find(members, client);
    return member ? member->connections : 0;
}

void members_each(const struct members *members,
                  void (*visit)(void *arg, const char *client,
                                uint32_t connections),
                  void *arg)
{
    const struct member *member = members->first;
    for (; member; member = member->hh.next)
        visit(arg, member->client, member->connections);
}

bool members_remove(struct members *members, const char *client)
{
    struct member *member = find(members, client);
    if (!member || --member->connections)
        return false;
    HASH_DEL(members->first, member);
    free(member);
    return true;
}

void members_report(const struct members *members, struct request *request)
{
    const struct member *member = members->first;
    for (; member; member = member->hh.next)
        request_add_member(request, member->client, member->connections);
}

void members_clear(struct members *members)
{
    struct member *member;
    struct member *next;
    HASH_ITER(hh, members->first, member, next)
    {
        HASH_DEL(members->first, member);
        free(member);
    }
}

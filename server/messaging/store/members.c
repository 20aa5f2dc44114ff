#include "messaging/store/members.h"

#include <stdlib.h>

#include "base/memory.h"

/* The approximate size of a member without info in an answer. */
enum { MEMBER_BYTES = 64 };

#define HASHES (UINT64_C(1) << 32)

struct member {
    uint32_t connections;
    uint16_t info_len;
    char client[]; /* in the table; then the info */
};

static struct member *find(const struct members *members, const char *client)
{
    char *name = name_table_find(&members->clients, bytes_of(client));
    return NAME_TABLE_ENTRY(name, struct member, client);
}

static struct bytes info_of(const struct member *member)
{
    return (struct bytes){member->client + strlen(member->client) + 1,
                          member->info_len};
}

static struct member *add(struct members *members, const char *client,
                          struct bytes info)
{
    size_t size = strlen(client) + 1;
    struct member *member =
        memory_new(1, offsetof(struct member, client) + size + info.len);
    memcpy(member->client, client, size);
    if (info.len)
        memcpy(member->client + size, info.data, info.len);
    member->info_len = (uint16_t)info.len;
    members->info_bytes += info.len;
    name_table_add(&members->clients, member->client);
    return member;
}

static struct member *find_or_add(struct members *members, const char *client,
                                  struct bytes info)
{
    struct member *member = find(members, client);
    return member ? member : add(members, client, info);
}

static struct member *next(const struct members *members, uint32_t *at)
{
    return NAME_TABLE_ENTRY(name_table_next(&members->clients, at),
                            struct member, client);
}

bool members_add(struct members *members, const char *client)
{
    return members_add_with(members, client, (struct bytes){0});
}

bool members_add_with(struct members *members, const char *client,
                      struct bytes info)
{
    return ++find_or_add(members, client, info)->connections == 1;
}

void members_add_many(struct members *members, const char *client,
                      uint32_t connections, struct bytes info)
{
    find_or_add(members, client, info)->connections += connections;
}

struct bytes members_info(const struct members *members, const char *client)
{
    const struct member *member = find(members, client);
    return member ? info_of(member) : (struct bytes){0};
}

uint32_t members_count(const struct members *members, const char *client)
{
    const struct member *member = find(members, client);
    return member ? member->connections : 0;
}

void members_each(const struct members *members,
                  void (*visit)(void *arg, const char *client,
                                uint32_t connections, struct bytes info),
                  void *arg)
{
    uint32_t at = 0;
    const struct member *member;
    while ((member = next(members, &at)))
        visit(arg, member->client, member->connections, info_of(member));
}

static void drop(struct members *members, struct member *member)
{
    members->info_bytes -= member->info_len;
    name_table_remove(&members->clients, member->client);
    free(member);
}

bool members_remove(struct members *members, const char *client)
{
    struct member *member = find(members, client);
    if (!member || --member->connections)
        return false;
    drop(members, member);
    return true;
}

bool members_release(struct members *members, const char *client)
{
    struct member *member = find(members, client);
    return member && member->connections && !--member->connections;
}

void members_drop(struct members *members, const char *client)
{
    struct member *member = find(members, client);
    if (member)
        drop(members, member);
}

/* The approximate number of members per page. */
static uint32_t page_share(const struct members *members,
                           enum request_page page)
{
    size_t each = MEMBER_BYTES + members->info_bytes / members->clients.count;
    size_t bytes =
        page == REQUEST_SMALL ? REQUEST_SMALL_BYTES : REQUEST_PAGE_BYTES;
    return (uint32_t)(bytes / each);
}

/* A page is a range of hashes, so that joins and leaves between two pages do
 * not move others. */
static uint64_t page_end(const struct members *members,
                         const struct request *request, uint64_t first)
{
    uint32_t count = members->clients.count;
    if (request->page == REQUEST_ALL || !count)
        return HASHES;
    uint32_t share = page_share(members, request->page);
    if (count <= share)
        return HASHES;
    uint64_t end = first + HASHES / count * share;
    return end < HASHES ? end : HASHES;
}

void members_report(const struct members *members, struct request *request)
{
    uint64_t first = request->is_continued ? request->until : 0;
    uint64_t end = page_end(members, request, first);
    uint32_t at = 0;
    char *name;
    while (request->member_count < request->limit &&
           (name = name_table_next_of(&members->clients, &at, (uint32_t)first,
                                      (uint32_t)(end - 1)))) {
        const struct member *member =
            NAME_TABLE_ENTRY(name, struct member, client);
        request_add_member(request, member->client, member->connections,
                           info_of(member));
    }
    request->member_total = members->clients.count;
    request->has_more = end < HASHES && request->member_count < request->limit;
    request->page_end = end;
}

void members_clear(struct members *members)
{
    uint32_t at = 0;
    struct member *member;
    while ((member = next(members, &at)))
        drop(members, member);
}

/* members: the clients of one channel and how many connections each has there.
 *
 * Owner:   the channel's state in a bus.
 * Thread:  under the lock of whoever owns it.
 * Limits:  one entry a client; bounded by the connections there are.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_MEMBERS_H
#define PEAL_MESSAGING_MEMBERS_H

#include <stdbool.h>

#include "base/name_table.h"
#include "messaging/request.h"

/* A zeroed struct has no members. */
struct members {
    struct name_table clients;
    size_t info_bytes; /* of all together */
};

static inline bool members_is_empty(const struct members *members)
{
    return !members->clients.count;
}

/* Whether it is a member, even with no connections. */
static inline bool members_has(const struct members *members,
                               const char *client)
{
    return name_table_find(&members->clients, bytes_of(client));
}

/* One connection more; true when it is the client's first. */
bool members_add(struct members *members, const char *client);

/* The same for a connection with an info (see info.h), which may be empty. As
 * long as the client is a member, that of its first connection counts. */
bool members_add_with(struct members *members, const char *client,
                      struct bytes info);

/* So many connections more. */
void members_add_many(struct members *members, const char *client,
                      uint32_t connections, struct bytes info);

/* Borrowed, and gone with the member; empty: it has none. */
struct bytes members_info(const struct members *members, const char *client);

/* How many connections the client has. */
uint32_t members_count(const struct members *members, const char *client);

/* Calls `visit` for each member, in the order of their first connections. */
void members_each(const struct members *members,
                  void (*visit)(void *arg, const char *client,
                                uint32_t connections, struct bytes info),
                  void *arg);

/* One connection less; true when it was the client's last. */
bool members_remove(struct members *members, const char *client);

/* One connection less, but a client without any stays a member, with 0; true
 * when it was the client's last. */
bool members_release(struct members *members, const char *client);

/* The client, however many connections it has, is no member any more. */
void members_drop(struct members *members, const char *client);

/* Adds every client to the request's answer, or a page of them (request->page),
 * but no more than request->limit; in the same order within a page. */
void members_report(const struct members *members, struct request *request);

void members_clear(struct members *members);

#endif

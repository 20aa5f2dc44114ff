/* members: the clients of one channel and their numbers of connections.
 *
 * Owner:   the channel's state in a bus.
 * Thread:  under the lock of whoever owns it.
 * Limits:  one entry per client; bounded by the number of connections.
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
    size_t info_bytes; /* total of all members */
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

/* The same for a connection with an info (see info.h), which may be empty. The
 * info of the client's first connection counts while it is a member. */
bool members_add_with(struct members *members, const char *client,
                      struct bytes info);

/* Adds that many connections. */
void members_add_many(struct members *members, const char *client,
                      uint32_t connections, struct bytes info);

/* The member's info; borrowed, valid as long as the member; empty: none. */
struct bytes members_info(const struct members *members, const char *client);

/* The number of the client's connections. */
uint32_t members_count(const struct members *members, const char *client);

/* Calls `visit` for each member, in the order of their first connections. */
void members_each(const struct members *members,
                  void (*visit)(void *arg, const char *client,
                                uint32_t connections, struct bytes info),
                  void *arg);

/* Removes a connection; true if it was the client's last. */
bool members_remove(struct members *members, const char *client);

/* Removes a connection, but keeps the client as a member with 0 connections;
 * true if it was the client's last. */
bool members_release(struct members *members, const char *client);

/* Removes the client, regardless of its connections. */
void members_drop(struct members *members, const char *client);

/* Adds every client to the request's answer, or a page of them (request->page),
 * up to request->limit. */
void members_report(const struct members *members, struct request *request);

void members_clear(struct members *members);

#endif

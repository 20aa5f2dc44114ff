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

#include "messaging/request.h"

struct member;

/* A zeroed struct has no members. */
struct members {
    struct member *first;
};

/* One connection more; true when it is the client's first. */
bool members_add(struct members *members, const char *client);

/* So many connections more. */
void members_add_many(struct members *members, const char *client,
                      uint32_t connections);

/* How many connections the client has. */
uint32_t members_count(const struct members *members, const char *client);

/* Calls `visit` for each member. */
void members_each(const struct members *members,
                  void (*visit)(void *arg, const char *client,
                                uint32_t connections),
                  void *arg);

/* One connection less; true when it was the client's last. */
bool members_remove(struct members *members, const char *client);

/* Adds every client to the request's answer. */
void members_report(const struct members *members, struct request *request);

void members_clear(struct members *members);

#endif

/* redis_proof: the proof that all links of this instance reach the same Redis
 * master, and that the subscribing link hears what the publishing one sends.
 *
 * Servers are told apart by their run ids. On top of that, a numbered echo is
 * published twice a second to a channel of this instance alone, and has to
 * come back. Nothing is served before the first echo is back, so no publish
 * is acknowledged by a server that nobody here listens to. Every few seconds
 * a short connection checks that the address still leads to the same server.
 *
 * Owner:   the bus.
 * Thread:  the bus's, but redis_proof_why.
 * Limits:  an echo has redis.timeout_ms, counted from its acknowledgement.
 * Failure: what cannot be proven is connected anew.
 */
#ifndef PEAL_BUS_REDIS_PROOF_H
#define PEAL_BUS_REDIS_PROOF_H

#include "bus/redis/redis_bus.h"

void redis_proof_init(struct redis_bus *bus);
void redis_proof_deinit(struct redis_bus *bus);

/* Whether this server may be used; a judge of links. Logs why not, once. */
const char *redis_proof_judge(void *arg, const struct redis_server *server);

const char *redis_proof_judge_as(struct redis_bus *bus,
                                 const struct redis_server *server,
                                 enum redis_target target);

/* Compares the links that are up; where they differ, all are made anew, and
 * false is returned. */
bool redis_proof_compare(struct redis_bus *bus);

/* A link is ready to be proven, or is not any more. */
void redis_proof_elected(struct redis_bus *bus);
void redis_proof_registered(struct redis_bus *bus);
void redis_proof_subscribed(struct redis_bus *bus);
void redis_proof_commands_down(struct redis_bus *bus);
void redis_proof_subscriptions_down(struct redis_bus *bus);

/* Another server serves, about which nothing is known. */
void redis_proof_doubt(struct redis_bus *bus);

/* Subscribes to the echoes. */
void redis_proof_subscribe(struct redis_bus *bus);

void redis_proof_on_echo(struct redis_bus *bus, struct bytes text);

/* Publishes an echo now: what was pushed before it is back has come before it.
 * Returns its number. */
uint64_t redis_proof_echo(struct redis_bus *bus);

/* Why Redis does not serve; any thread, until it asks again. */
const char *redis_proof_why(struct redis_bus *bus);

#endif

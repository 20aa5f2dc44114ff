/* redis_proof: verifies that all links of this instance reach the same Redis
 * master, and that the subscribing link receives what the publishing one sends.
 *
 * Servers are identified by their run ids. In addition, a numbered echo is
 * published twice a second to a private channel of this instance, and must
 * return. Nothing is served before the first echo has returned, so no publish
 * is acknowledged by a server that this instance is not subscribed to. Every
 * few seconds a short connection checks that the address still leads to the
 * same server.
 *
 * Owner:   the bus.
 * Thread:  the bus's, but redis_proof_why.
 * Limits:  an echo has redis.timeout_ms, counted from its acknowledgement.
 * Failure: links that cannot be proven are reconnected.
 */
#ifndef PEAL_BUS_REDIS_PROOF_H
#define PEAL_BUS_REDIS_PROOF_H

#include "bus/redis/redis_bus.h"

void redis_proof_init(struct redis_bus *bus);
void redis_proof_deinit(struct redis_bus *bus);

/* Whether this server may be used; called by links. Logs the reason once if
 * not. */
const char *redis_proof_judge(void *arg, const struct redis_server *server);

const char *redis_proof_judge_as(struct redis_bus *bus,
                                 const struct redis_server *server,
                                 enum redis_target target);

/* Compares the links that are up; if they reach different servers, reconnects
 * all and returns false. */
bool redis_proof_compare(struct redis_bus *bus);

/* Call when a link is ready to be proven, or no longer. */
void redis_proof_elected(struct redis_bus *bus);
void redis_proof_registered(struct redis_bus *bus);
void redis_proof_subscribed(struct redis_bus *bus);
void redis_proof_commands_down(struct redis_bus *bus);
void redis_proof_subscriptions_down(struct redis_bus *bus);

/* Call when an unknown server is in use. */
void redis_proof_doubt(struct redis_bus *bus);

/* Subscribes to the echo channel. */
void redis_proof_subscribe(struct redis_bus *bus);

void redis_proof_on_echo(struct redis_bus *bus, struct bytes text);

/* Publishes an echo: when it returns, earlier pushes have arrived. Returns its
 * number. */
uint64_t redis_proof_echo(struct redis_bus *bus);

/* Why Redis is unavailable; any thread, valid until its next call. */
const char *redis_proof_why(struct redis_bus *bus);

#endif

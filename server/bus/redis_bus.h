/* redis_bus: what the rooms of the Redis bus share; private to bus/.
 *
 * Owner:   bus_redis.c makes and frees it.
 * Thread:  the bus's, but for the inbox and the two flags.
 * Limits:  see redis_options.h.
 * Failure: see each function.
 */
#ifndef PEAL_BUS_REDIS_BUS_H
#define PEAL_BUS_REDIS_BUS_H

#include <pthread.h>

#include "base/backoff.h"
#include "base/buffer.h"
#include "base/inbox.h"
#include "base/loop.h"
#include "bus/redis_link.h"
#include "bus/redis_scripts.h"
#include "messaging/worker.h"

enum {
    REDIS_ID_LEN = 16,
    POSITION_SECONDS = 86400, /* a channel's epoch outlives its last message */
    IN_FLIGHT_MAX = 4000      /* below what publish.lua remembers */
};

/* All instances read the input stream as one consumer of one group: an entry
 * is handed out once, and again when it was not acknowledged for a while, and
 * no dead consumer stays behind. */
#define REDIS_INPUT_GROUP "peal"

/* What redis_presence.c remembers. An instance's members stand in Redis under
 * an id that is new whenever Redis was away: what changed meanwhile is told
 * by telling all under the new id, and burying the old one. */
struct redis_presence {
    char id[REDIS_ID_LEN + 1];
    char former[REDIS_ID_LEN + 1]; /* to be buried, or empty */
    bool is_used; /* members may stand under `id` */
    bool is_known; /* Redis has the id */
    struct loop_timer *heartbeat;
    uint64_t bury_ms; /* others are not judged before */
    uint32_t burials; /* under way */
};

struct redis_channel;
struct redis_client;
struct redis_order;

struct redis_bus {
    struct bus base; /* first: a struct bus is cast to this */
    /* set once */
    const struct instance *instance;
    const struct redis_options *options;
    struct redis_url url;
    struct redis_tls *tls; /* or NULL */
    char id[REDIS_ID_LEN + 1]; /* of this instance, new at each start */
    pthread_t thread;
    /* any thread */
    struct inbox inbox;
    _Atomic bool is_ready;
    /* only the bus's thread */
    struct loop *loop;
    struct loop_timer *tick;
    struct redis_link *commands;
    struct redis_link *subscriptions;
    struct redis_link *input; /* waits for entries of the input stream */
    char shas[SCRIPT_COUNT][41];
    unsigned scripts_loaded;
    bool is_serving;   /* commands are up and the scripts loaded */
    bool is_listening; /* subscribed to what is for every instance */
    bool is_stopping;
    bool is_stopped; /* the thread has ended */
    struct loop_timer *farewell;
    unsigned farewell_steps;
    struct redis_channel *channels; /* a hash by name */
    struct redis_client *clients;   /* a hash by id */
    bool limits_clients; /* a new config may change it */
    struct request *backlog;        /* oldest first */
    struct request *backlog_last;
    uint32_t backlog_count;
    uint32_t in_flight; /* requests sent and not answered */
    uint64_t last_number;
    struct redis_order *orders; /* of publishes in flight, a hash */
    uint64_t seconds; /* ticks */
    struct redis_presence presence;
    bool has_lease; /* takes what is published to the input channels */
    uint64_t lease_end_ms; /* at the latest, unless it is renewed */
    struct metrics metrics;
};

/* ---- bus_redis.c */

/* <prefix>{<channel>}:<kind>, as an owned text; keys of one channel share a
 * slot. */
char *redis_key(const struct redis_bus *bus, const char *channel,
                const char *kind);

/* The channel's name out of <prefix>{<name>}:c; false when it is none. */
bool redis_read_channel(const struct redis_bus *bus, struct bytes full,
                        char *name);

/* <prefix><name>, as an owned text. */
char *redis_name(const struct redis_bus *bus, const char *name);

/* Calls a script with `keys` and then `arguments`, all in `words`. */
void redis_call(struct redis_bus *bus, enum redis_script script,
                size_t key_count, const struct bytes *words, size_t count,
                redis_answer *answer, void *arg);

/* What a reader has of a channel: the position, and the message there. */
struct redis_known {
    struct position position;
    const struct message *last; /* NULL: not known */
};

/* Calls read.lua: `which` is "after" an offset, "last" so many, or "none".
 * `known`: where the reader itself stands, or NULL. */
void redis_read(struct redis_bus *bus, const char *channel, const char *which,
                uint64_t number, const struct redis_known *known,
                redis_answer *answer, void *arg);

/* How long a channel's position outlives its last use, in seconds. */
uint32_t redis_position_seconds(const struct redis_bus *bus,
                                const char *channel);

/* "PUBLISH", or "SPUBLISH" when sharded. */
struct bytes redis_publish_verb(const struct redis_bus *bus);

/* An error that another try may mend: loading, read-only, out of memory, a
 * script forgotten. Sees to it that there is another try, later. */
bool redis_is_passing_error(struct redis_bus *bus,
                            const struct redisReply *reply);

/* ---- redis_requests.c: what clients ask for */

/* Takes the request. */
void redis_serve(struct redis_bus *bus, struct request *request);

/* Sends what waits, as far as Redis keeps up. */
void redis_pump(struct redis_bus *bus);

/* Refuses what has waited too long. */
void redis_expire_backlog(struct redis_bus *bus, uint64_t now_ms);

/* Every answer begins here: true when there is something to read; else the
 * request waits again, or is refused. */
bool redis_is_answered(struct request *request,
                       const struct redisReply *reply);

/* Answers that Redis could not. */
void redis_refuse(struct redis_bus *bus, struct request *request);

/* ---- redis_publish.c */

/* Sends a publish. */
void redis_publish(struct redis_bus *bus, struct request *request);

/* Publishes from the input; `entry` is its id in the input stream, or empty.
 * False when there is no room. */
bool redis_publish_input(struct redis_bus *bus, struct bytes channel,
                         struct bytes payload, struct bytes trace,
                         struct bytes entry);

/* ---- redis_control.c: what is said to every instance about one client */

void redis_control_subscribe(struct redis_bus *bus);
void redis_control_on_message(struct redis_bus *bus, struct bytes text);

/* Each sends a request of its kind. */
void redis_direct(struct redis_bus *bus, struct request *request);
void redis_disconnect(struct redis_bus *bus, struct request *request);
void redis_remove(struct redis_bus *bus, struct request *request);

/* ---- redis_channel.c: the channels somebody here subscribes to */

void redis_channel_subscribe(struct redis_bus *bus, struct request *request);
void redis_channel_unsubscribe(struct redis_bus *bus, struct request *request);

/* Pub/sub pushed a channel's message, or confirmed its subscription. */
void redis_channel_on_message(struct redis_bus *bus, const char *name,
                              struct bytes text);
void redis_channel_on_confirmed(struct redis_bus *bus, const char *name);

/* The link that subscribes came up or went down. */
void redis_channels_subscribe_again(struct redis_bus *bus);
void redis_channels_forget(struct redis_bus *bus);

/* The link for commands is serving again: reads that failed are tried. */
void redis_channels_read_again(struct redis_bus *bus);

/* Once a second. */
void redis_channels_tick(struct redis_bus *bus, uint64_t now_ms);

void redis_channels_free(struct redis_bus *bus);

/* Calls `visit` for each client of each channel. */
void redis_channels_each_member(struct redis_bus *bus,
                                void (*visit)(struct redis_bus *bus,
                                              const char *channel,
                                              const char *client,
                                              uint32_t connections));

/* ---- redis_tickets.c */

void redis_keep_ticket(struct redis_bus *bus, struct request *request);
void redis_redeem(struct redis_bus *bus, struct request *request);

/* ---- redis_presence.c: who is where, over all instances */

/* A client's connections in a channel of this instance changed. */
void redis_presence_set(struct redis_bus *bus, const char *channel,
                        const char *client, uint32_t connections);

/* Nobody here is in that channel any more. */
void redis_presence_forget(struct redis_bus *bus, const char *channel);

/* Redis is there again: gets a new id, and asks for its first heartbeat; then
 * redis_presence_restore tells everything that is known here. */
void redis_presence_register(struct redis_bus *bus, redis_answer *answer);
void redis_presence_restore(struct redis_bus *bus);

/* SADD to, or SREM from, what this instance has: "channels" or "clients". */
void redis_presence_list(struct redis_bus *bus, const char *verb,
                         const char *what, const char *name);

/* This instance goes, and says so. */
void redis_presence_farewell(struct redis_bus *bus);

void redis_presence_init(struct redis_bus *bus);
void redis_presence_deinit(struct redis_bus *bus);

/* ---- redis_news.c: what the application is told of members */

/* presence.lua, and reap.lua, answered. */
void redis_news_of_change(struct redis_bus *bus, const char *channel,
                          const char *client, const struct redisReply *reply);
void redis_news_of_reaped(struct redis_bus *bus, const char *channel,
                          const struct redisReply *reply);

/* ---- redis_instances.c: what each instance says of itself */

void redis_instances_tell(struct redis_bus *bus);
void redis_instances_forget(struct redis_bus *bus, const char *id);
void redis_instances_list(struct redis_bus *bus, struct request *request);

/* ---- redis_clients.c: limits on a client's connections, on all instances */

/* A client's connections here changed. */
void redis_clients_tell(struct redis_bus *bus, const char *id);

/* Redis, or pub/sub, is there again. */
void redis_clients_tell_all(struct redis_bus *bus);

/* A newer connection of the client was opened on some instance. */
void redis_clients_on_claim(struct redis_bus *bus, const char *id,
                            struct bytes instance, uint64_t claim);

/* Takes a dead instance's count of the client out. */
void redis_clients_reap(struct redis_bus *bus, const char *id,
                        const char *dead, redis_answer *answer, void *arg);

/* Once a second. */
void redis_clients_tick(struct redis_bus *bus);

void redis_clients_farewell(struct redis_bus *bus);
void redis_clients_free(struct redis_bus *bus);

/* ---- redis_input.c: what backends put straight into Redis */

void redis_input_on_up(void *arg);
void redis_input_tick(struct redis_bus *bus);
void redis_input_on_message(struct redis_bus *bus, struct bytes channel,
                            struct bytes payload);

/* Another instance may have the lease at once. */
void redis_input_farewell(struct redis_bus *bus);

#endif

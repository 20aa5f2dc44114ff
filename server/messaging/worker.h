/* worker: all of messaging that belongs to one thread: its connections, its
 * channels, its inbox, its counts.
 *
 * Owner:   the thread's reactor (net/), or a test.
 * Thread:  its own, except the inbox, which takes posts from any.
 * Limits:  none of its own.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_WORKER_H
#define PEAL_MESSAGING_WORKER_H

#include "base/buffer.h"
#include "base/inbox.h"
#include "messaging/bus.h"
#include "messaging/clients.h"
#include "messaging/connection.h"
#include "messaging/hook.h"
#include "messaging/hub.h"
#include "messaging/metrics.h"
#include "messaging/options.h"
#include "messaging/overview.h"
#include "messaging/refusals.h"
#include "messaging/replies.h"

struct look;
struct watch;

/* Judges a fresh token for `client_id`; sets the new identity, or `why`. */
struct token_judge {
    bool (*judge)(void *arg, struct bytes token, const char *client_id,
                  struct identity *identity, const char **why);
    void *arg;
};

/* What all workers of an instance share; outlives them. */
struct instance {
    const struct messaging_options *options;
    struct hub *hub;
    struct bus *bus;
    struct clients *clients;
    struct refusals *refusals;
    struct token_judge token_judge;
    struct overview *overview; /* for dashboards */
    struct hooks *hooks; /* NULL: the application is not called */
};

struct connection_slot {
    struct connection *connection;
    uint32_t generation; /* tells an old handle from a new one */
};

struct worker {
    /* set once by worker_init */
    const struct instance *instance;
    unsigned index;
    /* any thread */
    struct inbox inbox;
    /* its own thread */
    void (*settle)(void *arg); /* does the writes put off; NULL: none are */
    void *settle_arg;
    struct connection_slot *slots;
    uint32_t slot_count;
    uint32_t free_slot_count;
    uint32_t *free_slots;
    struct channel *channels; /* a hash by name */
    struct channel *dirty;    /* channels with a batch */
    struct connection *closing;
    struct buffer reply; /* the reply being written */
    struct replies replies;
    struct buffer joined[ENCODINGS_MAX];
    struct buffer flush;
    uint64_t *expiring; /* handles of connections whose token ends soon */
    size_t expiring_count;
    size_t expiring_capacity;
    uint64_t seconds; /* ticks since the start */
    struct watch *watch; /* NULL: nobody looks */
    struct look *looks;  /* that its connections have under way */
    struct metrics metrics;
};

/* `wake` must end the thread's sleep; it is called from any thread. */
void worker_init(struct worker *worker, const struct instance *instance,
                 unsigned index, void (*wake)(void *arg), void *arg);

/* After its last connection was freed. */
void worker_deinit(struct worker *worker);

/* The end of a loop's turn: runs the inbox, sends what was gathered, as far as
 * one turn goes, starts the closings that were asked for. */
void worker_turn(struct worker *worker);

/* Whether something is left to send: the loop must not sleep. */
bool worker_is_behind(const struct worker *worker);

/* Has the transport do the writes that it has put off. */
void worker_settle(struct worker *worker);

/* Once a second: pings, lost connections, expired tokens. */
void worker_tick(struct worker *worker);

/* Gives a connection its handle. */
void worker_add_connection(struct worker *worker,
                           struct connection *connection);

void worker_remove_connection(struct worker *worker,
                              struct connection *connection);

/* The connection of that handle, or NULL when it is gone. */
struct connection *worker_find_connection(struct worker *worker,
                                          uint64_t handle);

/* Starts the connection's closing at the end of this turn. */
void worker_close_later(struct worker *worker, struct connection *connection);

/* Has the token's end watched, when it is near. */
void worker_watch_expiry(struct worker *worker, struct connection *connection);

/* Asks up to `count` connections to close; how many were asked. */
uint32_t worker_close_some(struct worker *worker, uint32_t count,
                           enum close_reason reason);

#endif

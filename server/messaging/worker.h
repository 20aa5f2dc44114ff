/* worker: the messaging state of one thread: connections, channels, inbox and
 * counters.
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
#include "messaging/message.h"
#include "messaging/metrics.h"
#include "messaging/options.h"
#include "messaging/replies.h"

struct bans;
struct bus;
struct channel;
struct client_rates;
struct clients;
struct connection;
struct hooks;
struct hub;
struct identity;
struct snapshot;
struct overview;
struct refusal_log;
struct refusals;
struct watch;

/* Checks a new token for `client_id`; sets the new identity, or the reason and,
 * in `why`, details. */
struct token_judge {
    bool (*judge)(void *arg, struct bytes token, const char *client_id,
                  struct identity *identity, enum refusal_reason *reason,
                  const char **why);
    void *arg;
};

/* State shared by all workers of an instance; outlives them. */
struct instance {
    const struct messaging_options *options;
    struct hub *hub;
    struct bus *bus;
    struct clients *clients;
    struct client_rates *client_rates;
    struct refusals *refusals;
    struct refusal_log *refusal_log;
    struct bans *bans;
    struct token_judge token_judge;
    struct overview *overview; /* for dashboards */
    struct hooks *hooks;       /* NULL: no hooks */
};

struct connection_slot {
    struct connection *connection;
    uint32_t generation; /* distinguishes old from new handles */
};

/* Waiting bytes of its largest connection, see pressure.h. */
struct worker_weight {
    /* any thread */
    _Atomic size_t largest;
    _Atomic uint64_t weighed_ms;
    atomic_bool is_called;
    /* its own thread */
    uint64_t since_ms; /* since when under pressure; 0: not */
};

struct worker {
    /* set once by worker_init */
    const struct instance *instance;
    unsigned index;
    /* any thread */
    struct inbox inbox;
    struct worker_weight weight;
    /* its own thread */
    void (*settle)(void *arg); /* performs deferred writes; NULL: none */
    void *settle_arg;
    struct connection_slot *slots;
    uint32_t slot_count;
    uint32_t free_slot_count;
    uint32_t *free_slots;
    struct channel *channels; /* a hash by name */
    struct channel *dirty;    /* channels with a batch */
    struct connection *closing;
    struct responses *ready; /* connections whose next page can be written */
    struct buffer reply;     /* the reply being written */
    struct replies replies;
    struct buffer joined[ENCODINGS_MAX][FRAMINGS_MAX];
    struct buffer finished; /* see framing.h */
    struct buffer flush;
    uint64_t *expiring; /* handles of connections whose token expires soon */
    size_t expiring_count;
    size_t expiring_capacity;
    uint64_t seconds;    /* ticks since the start */
    bool is_draining;    /* its connections are closed one after the other */
    struct watch *watch; /* NULL: no snapshots are taken */
    struct snapshot *snapshots; /* that its connections have under way */
    struct metrics metrics;
};

/* Makes the transport perform deferred writes. */
void worker_settle(struct worker *worker);

/* Assigns a slot to the connection, and returns its handle. */
uint64_t worker_add_connection(struct worker *worker,
                               struct connection *connection);

void worker_remove_connection(struct worker *worker, uint64_t handle);

/* The connection of the handle, or NULL if it no longer exists. */
struct connection *worker_find_connection(struct worker *worker,
                                          uint64_t handle);

#endif

/* redis_bus: state shared by the files of the Redis bus; private to bus/redis/.
 *
 * Owner:   bus_redis.c creates and frees it.
 * Thread:  the bus's, except for the inbox and the two flags.
 * Limits:  see redis_options.h.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_BUS_H
#define PEAL_BUS_REDIS_BUS_H

#include <pthread.h>

#include "base/backoff.h"
#include "base/buffer.h"
#include "base/inbox.h"
#include "base/loop.h"
#include "bus/redis/redis_echo.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_scripts.h"
#include "messaging/bus.h"
#include "messaging/worker.h"

enum {
    REDIS_ID_LEN = 16,
    REDIS_DATASET_LEN = 16,
    POSITION_SECONDS = 86400, /* a channel's epoch outlives its last message */
    IN_FLIGHT_MAX = 4000      /* below what publish.lua remembers */
};

/* State of redis_lease.c. Redis stores an instance's members under an id that
 * changes after every outage of Redis: to synchronize, everything is stored
 * under the new id, and the old one is buried. */
struct redis_presence {
    char id[REDIS_ID_LEN + 1];
    char former[REDIS_ID_LEN + 1]; /* former id to bury, or empty */
    bool is_used;                  /* members may be stored under `id` */
    bool is_known;                 /* Redis has the id */
    bool is_doubtful;              /* Redis may differ */
    uint64_t renewed_ms;           /* last full update */
    struct loop_timer *heartbeat;
    uint64_t bury_ms; /* other instances are not buried before */
    uint32_t burials; /* in progress */
};

/* State of redis_proof.c. */
struct redis_proof {
    char *channel;      /* of the echoes */
    bool is_elected;    /* the Sentinels, if any, still report this server */
    bool is_registered; /* commands: the scripts are loaded, writes work */
    bool is_subscribed; /* subscriptions: the echo channel is confirmed */
    uint64_t asked_ms;  /* when that was requested; 0: not waiting */
    bool is_proven;     /* the home node, or the only one */
    struct redis_echo echo;
    uint64_t needed;            /* the one that proves the current links */
    uint64_t echo_ms;           /* when the next one is due */
    struct redis_server server; /* the last server in use */
    char dataset[REDIS_DATASET_LEN + 1]; /* a mark in its data */
    char former[REDIS_DATASET_LEN + 1];  /* mark of the previous one */
    uint64_t kept_ms;         /* when the mark's expiry was last extended */
    struct redis_link *probe; /* or NULL */
    bool has_probed;          /* the probe reached a server */
    uint64_t probe_ms;        /* when the next one is due */
    struct loop_timer *timer;
    const char *misfit; /* why no server can be used; static */
};

/* State of redis_writes.c. */
struct redis_writes {
    bool are_refused;
    uint64_t refused_ms; /* when a write was last refused */
    uint64_t told_ms;    /* when that was logged */
};

struct redis_channel;
struct redis_client;
struct redis_sentinels;
struct redis_leavers;
struct redis_cluster;
struct redis_errand;
struct redis_order;
struct redis_survey;
struct redis_topology;

struct redis_bus {
    struct bus base; /* first: a struct bus is cast to this */
    /* set once */
    const struct instance *instance;
    const struct redis_options *options;
    struct redis_url url;    /* from the config */
    struct redis_url target; /* of the links, from the Sentinels */
    char target_host[256];
    struct redis_sentinels *_Atomic sentinels; /* or NULL */
    struct redis_cluster *cluster;             /* or NULL */
    struct redis_tls *tls;                     /* or NULL */
    char id[REDIS_ID_LEN + 1]; /* of this instance, new at each start */
    pthread_t thread;
    /* any thread */
    struct inbox inbox;
    _Atomic bool is_ready;
    struct redis_reason reason;
    struct redis_topology *topology;
    /* only the bus's thread */
    struct loop *loop;
    struct loop_timer *tick;
    struct redis_link *commands;
    struct redis_link *subscriptions;
    struct redis_link *input;     /* blocks for entries of the input stream */
    struct redis_errand *errands; /* commands to resend, in order */
    struct redis_errand **errands_end;
    struct loop_timer *again;
    char shas[SCRIPT_COUNT][41];
    unsigned scripts_loaded;
    struct redis_proof proof;
    struct redis_writes writes;
    bool is_serving;   /* commands are up, loaded and proven */
    bool is_listening; /* subscriptions are up and proven */
    bool is_stopping;
    bool is_stopped; /* the thread has ended */
    struct loop_timer *farewell;
    unsigned farewell_steps;
    struct redis_channel *channels; /* a hash by name */
    uint32_t judged_channels;       /* that wait for an echo */
    bool has_outdated;              /* channels whose epoch may have changed */
    bool has_moved;                 /* slots, in this turn */
    bool has_refused;               /* subscriptions, since the last tick */
    struct redis_channel *gathered; /* to be subscribed to after this turn */
    size_t gathered_count;
    struct redis_client *clients;  /* a hash by id */
    struct redis_leavers *leavers; /* a hash by channel */
    bool limits_clients;           /* a new config may change it */
    struct request *backlog;       /* oldest first */
    struct request *backlog_last;
    struct request *stalled; /* their cluster node is unavailable */
    struct request *stalled_last;
    uint64_t stalled_at;    /* redis_cluster_changes then */
    uint32_t backlog_count; /* with those */
    uint32_t in_flight;     /* requests sent and not answered */
    uint64_t last_number;
    struct redis_order *orders;   /* of publishes in flight, a hash */
    struct redis_survey *surveys; /* that wait for answers */
    uint32_t survey_count;
    uint64_t last_survey;
    bool is_reading_bans;
    bool wants_bans;  /* changed meanwhile */
    uint64_t seconds; /* ticks */
    struct redis_presence presence;
    bool has_input_group;  /* the input stream has its consumer group */
    bool has_lease;        /* receives from the input channels */
    uint64_t lease_end_ms; /* end, unless renewed */
    struct metrics metrics;
};

/* Call when the links are proven: starts everything that waits for them. */
void redis_bus_serve(struct redis_bus *bus);

#endif

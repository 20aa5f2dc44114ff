/* options: messaging options from the config, as plain data.
 *
 * Owner:   the config owns the memory; everybody else borrows.
 * Thread:  immutable once the server runs, except for the limits.
 * Limits:  ranges are checked where the config is read.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_OPTIONS_H
#define PEAL_MESSAGING_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hooks;

/* How to treat messages for a slow connection. */
enum slow_reader {
    SLOW_READER_CLOSE, /* close it (4513); it reconnects and recovers */
    SLOW_READER_LATEST /* keep only the channel's newest waiting message */
};

/* How the channels that match a pattern behave. */
struct channel_options {
    char *match;              /* a name, or a prefix and * */
    uint32_t history_size;    /* messages; 0: no history */
    uint32_t history_seconds; /* maximum age of a message */
    bool presence;            /* clients may list members */
    bool join_leave;          /* subscribers get joins and leaves */
    bool message_info;        /* messages include the sender's info */
    uint32_t leave_seconds;   /* grace period before a client has left */
    enum slow_reader slow_reader;
    /* For protocols: called when subscribers of this instance come or go. May
     * be NULL. */
    void (*counted)(const char *channel);
    /* For protocols: called on the instance that observed a member event;
     * `event` as in hook.h, `client` is NULL for channel events. */
    void (*told)(struct hooks *hooks, unsigned event, const char *channel,
                 const char *client);
};

/* The first match applies; the last one matches everything. */
struct channel_options_list {
    struct channel_options *items;
    size_t count;
    /* The fixed options of a protocol's own channels; NULL for all others. May
     * be NULL. */
    const struct channel_options *(*of_protocol)(const char *channel);
};

/* The config's `limits`; 0 means no limit where that makes sense. Atomic,
 * because a reload changes them while threads read them. */
struct limits {
    _Atomic uint32_t message_bytes; /* one message from a client */
    _Atomic uint32_t connections;   /* WebSockets of this instance */
    _Atomic uint32_t connections_per_ip;
    _Atomic uint32_t connections_per_client;
    _Atomic uint32_t refusals_per_second; /* from one address; 0: no limit */
    _Atomic uint32_t messages_per_second; /* from one connection */
    _Atomic uint32_t channels_per_connection;
    _Atomic uint32_t channels;     /* that exist at once on this instance */
    _Atomic uint32_t bad_messages; /* errors until a connection is closed */
    _Atomic uint32_t outbox_bytes; /* waiting for one slow connection */
    _Atomic uint32_t outbox_messages;
    _Atomic uint32_t stalled_seconds; /* without progress while it waits */
    _Atomic uint32_t head_bytes;      /* of one HTTP request */
    _Atomic uint32_t handshake_seconds;
    _Atomic uint32_t idempotency_keys; /* remembered without Redis */
    _Atomic uint32_t tickets;          /* not used yet, without Redis */
    _Atomic uint32_t inbox_messages;   /* waiting for one worker */
    _Atomic uint64_t memory_bytes;     /* all waiting data; 0: no limit */
    _Atomic uint64_t history_bytes;    /* all histories of this instance */
};

struct messaging_options {
    struct limits limits;
    struct channel_options_list channels;
    char *echo_prefix;
    _Atomic uint32_t max_connection_age; /* seconds; 0: no limit */
    uint32_t ping_seconds;               /* between pings to one connection */
    uint32_t pong_seconds;               /* time until the pong */
    bool single_connection; /* a client's newest connection closes the older
                               ones */
};

/* Whether the number of connections per client is currently limited. */
static inline bool
options_limit_clients(const struct messaging_options *options)
{
    return options->single_connection || options->limits.connections_per_client;
}

/* How many requests of a connection are not charged: enough to resubscribe to
 * the maximum number of channels, with history and members of each. */
static inline uint32_t
options_opening_burst(const struct messaging_options *options)
{
    enum { REQUESTS = 3, MOST = 16383 };
    uint32_t channels = options->limits.channels_per_connection;
    return channels < MOST / REQUESTS ? channels * REQUESTS : MOST;
}

/* The options of a channel; never NULL. */
const struct channel_options *
channel_options_find(const struct channel_options_list *list,
                     const char *channel);

#endif

/* options: what the config says about messaging, as plain data.
 *
 * Owner:   the config owns the memory; everybody else borrows.
 * Thread:  immutable once the server runs, but for the limits.
 * Limits:  ranges are checked where the config is read.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_OPTIONS_H
#define PEAL_MESSAGING_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hooks;

/* What becomes of messages for a connection that does not keep up. */
enum slow_reader {
    SLOW_READER_CLOSE, /* close it (4513): it comes back and recovers */
    SLOW_READER_LATEST /* keep only the channel's newest waiting message */
};

/* How the channels that match a pattern behave. */
struct channel_options {
    char *match;              /* a name, or a prefix with * at its end */
    uint32_t history_size;    /* messages; 0: no history */
    uint32_t history_seconds; /* how long a message is kept */
    bool presence;            /* who is here can be asked */
    bool join_leave;          /* subscribers are told who comes and goes */
    bool message_info;        /* messages show the info of their sender */
    uint32_t leave_seconds;   /* a client may be back until it has left */
    enum slow_reader slow_reader;
    /* A protocol's: subscribers of this instance came or went. May be NULL. */
    void (*counted)(const char *channel);
    /* The same: what the application is told of members, by the one instance
     * that saw it; `event` as in hook.h, `client` NULL for the channel. */
    void (*told)(struct hooks *hooks, unsigned event, const char *channel,
                 const char *client);
};

/* The first that matches holds; the last one matches everything. */
struct channel_options_list {
    struct channel_options *items;
    size_t count;
    /* What a protocol needs of its own channels, which no rule changes; NULL
     * for all others. May be NULL. */
    const struct channel_options *(*of_protocol)(const char *channel);
};

/* The config's `limits`; 0 means no limit where that makes sense. Atomic,
 * because a reload changes them while threads look. */
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
    _Atomic uint64_t memory_bytes;     /* all that waits; 0: no limit */
    _Atomic uint64_t history_bytes;    /* all histories of this instance */
};

struct messaging_options {
    struct limits limits;
    struct channel_options_list channels;
    char *echo_prefix;
    _Atomic uint32_t max_connection_age; /* seconds; 0: no limit */
    uint32_t ping_seconds;               /* between pings to one connection */
    uint32_t pong_seconds;               /* how long an answer may take */
    bool single_connection; /* a client's newer connection ends the older */
};

/* Whether a client's connections are limited, now. */
static inline bool
options_limit_clients(const struct messaging_options *options)
{
    return options->single_connection || options->limits.connections_per_client;
}

/* How many requests of a connection do not count towards its rate: with them
 * it returns to as many channels as it may have, and asks for the history and
 * the members of each. */
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

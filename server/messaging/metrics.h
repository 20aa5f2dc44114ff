/* metrics: all counters, as one table.
 *
 * Each worker counts in its own cells, so that counting needs no lock and no
 * shared cache line; a reader sums them.
 *
 * Owner:   a struct metrics belongs to the thread that counts in it.
 * Thread:  metrics_add from the owning thread only; reading from any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_METRICS_H
#define PEAL_MESSAGING_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buffer.h"
#include "messaging/close_reason.h"
#include "messaging/distribution.h"
#include "messaging/fault.h"
#include "messaging/refusal_reason.h"

/* name, kind, exposed name, help text; rows of one exposed name differ in
 * their label and stand together */
#define METRICS(ROW)                                                           \
    ROW(CONNECTIONS, "gauge", "connections", "", "Open connections.")          \
    ROW(CONNECTIONS_OPENED, "counter", "connections_opened_total", "",         \
        "Connections opened.")                                                 \
    ROW(WEBSOCKETS, "gauge", "transport_connections",                          \
        "transport=\"websocket\"", "Open connections, by transport.")          \
    ROW(EVENT_STREAMS, "gauge", "transport_connections", "transport=\"sse\"",  \
        "")                                                                    \
    ROW(SOCKETS, "gauge", "sockets", "",                                       \
        "Open TCP connections, including those that are not WebSockets.")      \
    ROW(SOCKETS_PUBLIC, "gauge", "listener_sockets", "listener=\"public\"",    \
        "Open TCP and Unix socket connections, by listener.")                  \
    ROW(SOCKETS_ADMIN, "gauge", "listener_sockets", "listener=\"admin\"", "")  \
    ROW(SOCKETS_ADMIN_SOCKET, "gauge", "listener_sockets",                     \
        "listener=\"admin_socket\"", "")                                       \
    ROW(ACCEPTED_PUBLIC, "counter", "listener_accepted_total",                 \
        "listener=\"public\"",                                                 \
        "TCP and Unix socket connections accepted, by listener.")              \
    ROW(ACCEPTED_ADMIN, "counter", "listener_accepted_total",                  \
        "listener=\"admin\"", "")                                              \
    ROW(ACCEPTED_ADMIN_SOCKET, "counter", "listener_accepted_total",           \
        "listener=\"admin_socket\"", "")                                       \
    ROW(TLS_HANDSHAKES, "counter", "tls_handshakes_total", "",                 \
        "TLS handshakes completed.")                                           \
    ROW(TLS_RESUMED, "counter", "tls_resumed_total", "",                       \
        "TLS handshakes that resumed a session.")                              \
    ROW(TLS_FAILED, "counter", "tls_failed_total", "",                         \
        "TLS handshakes that failed.")                                         \
    ROW(TICKETS_REDEEMED, "counter", "tickets_redeemed_total", "",             \
        "Tickets redeemed.")                                                   \
    ROW(BANS, "gauge", "bans", "",                                             \
        "Active bans of clients, addresses and networks.")                     \
    ROW(BANNED_SOCKETS, "counter", "banned_sockets_total", "",                 \
        "Sockets closed on accept because their address is banned.")           \
    ROW(PROXY_REFUSED, "counter", "proxy_headers_refused_total", "",           \
        "Sockets closed because of a missing or invalid PROXY header.")        \
    ROW(HTTP_REQUESTS, "counter", "http_requests_total", "",                   \
        "Plain HTTP requests served.")                                         \
    ROW(CLIENT_REQUESTS, "counter", "client_requests_total", "",               \
        "Client requests over HTTP, without a WebSocket.")                     \
    ROW(HTTP_MALFORMED_400, "counter", "http_malformed_total",                 \
        "status=\"400\"", "Malformed HTTP requests refused, by status.")       \
    ROW(HTTP_MALFORMED_408, "counter", "http_malformed_total",                 \
        "status=\"408\"", "")                                                  \
    ROW(HTTP_MALFORMED_414, "counter", "http_malformed_total",                 \
        "status=\"414\"", "")                                                  \
    ROW(HTTP_MALFORMED_431, "counter", "http_malformed_total",                 \
        "status=\"431\"", "")                                                  \
    ROW(HTTP_MALFORMED_501, "counter", "http_malformed_total",                 \
        "status=\"501\"", "")                                                  \
    ROW(HTTP_MALFORMED_505, "counter", "http_malformed_total",                 \
        "status=\"505\"", "")                                                  \
    ROW(MESSAGES_IN, "counter", "messages_received_total", "",                 \
        "Messages received from clients.")                                     \
    ROW(BYTES_IN, "counter", "received_bytes_total", "",                       \
        "Payload bytes received from clients.")                                \
    ROW(MESSAGES_OUT, "counter", "messages_sent_total", "",                    \
        "Messages written to connections or put into their outboxes.")         \
    ROW(BYTES_OUT, "counter", "sent_bytes_total", "",                          \
        "Frame bytes written to connections or put into their outboxes.")      \
    ROW(PUBLISHED, "counter", "published_total", "",                           \
        "Messages published to a channel.")                                    \
    ROW(API_PUBLISHED, "counter", "api_published_total", "",                   \
        "Messages published through the HTTP API.")                            \
    ROW(LIMIT_CONNECTIONS, "counter", "limit_reached_total",                   \
        "limit=\"connections\"",                                               \
        "Requests refused and connections closed, by limit.")                  \
    ROW(LIMIT_ADMIN, "counter", "limit_reached_total",                         \
        "limit=\"admin_sockets\"", "")                                         \
    ROW(LIMIT_IP, "counter", "limit_reached_total",                            \
        "limit=\"connections_per_ip\"", "")                                    \
    ROW(LIMIT_CLIENT, "counter", "limit_reached_total",                        \
        "limit=\"connections_per_client\"", "")                                \
    ROW(LIMIT_REFUSALS, "counter", "limit_reached_total",                      \
        "limit=\"refusals_per_second\"", "")                                   \
    ROW(LIMIT_DESCRIPTORS, "counter", "limit_reached_total",                   \
        "limit=\"descriptors\"", "")                                           \
    ROW(LIMIT_HANDSHAKE, "counter", "limit_reached_total",                     \
        "limit=\"handshake_seconds\"", "")                                     \
    ROW(LIMIT_MESSAGE_BYTES, "counter", "limit_reached_total",                 \
        "limit=\"message_bytes\"", "")                                         \
    ROW(LIMIT_RATE, "counter", "limit_reached_total",                          \
        "limit=\"messages_per_second\"", "")                                   \
    ROW(LIMIT_SUBSCRIPTIONS, "counter", "limit_reached_total",                 \
        "limit=\"channels_per_connection\"", "")                               \
    ROW(LIMIT_CHANNELS, "counter", "limit_reached_total",                      \
        "limit=\"channels\"", "")                                              \
    ROW(LIMIT_BAD_MESSAGES, "counter", "limit_reached_total",                  \
        "limit=\"bad_messages\"", "")                                          \
    ROW(LIMIT_OUTBOX, "counter", "limit_reached_total", "limit=\"outbox\"",    \
        "")                                                                    \
    ROW(LIMIT_STALLED, "counter", "limit_reached_total",                       \
        "limit=\"stalled_seconds\"", "")                                       \
    ROW(LIMIT_MEMORY, "counter", "limit_reached_total",                        \
        "limit=\"memory_bytes\"", "")                                          \
    ROW(LIMIT_INBOX, "counter", "limit_reached_total", "limit=\"inbox\"", "")  \
    ROW(LIMIT_BODY, "counter", "limit_reached_total", "limit=\"body_bytes\"",  \
        "")                                                                    \
    ROW(LIMIT_API_RATE, "counter", "limit_reached_total",                      \
        "limit=\"api_requests_per_second\"", "")                               \
    ROW(LIMIT_TICKETS, "counter", "limit_reached_total", "limit=\"tickets\"",  \
        "")                                                                    \
    ROW(LIMIT_IDEMPOTENCY, "counter", "limit_reached_total",                   \
        "limit=\"idempotency_keys\"", "")                                      \
    ROW(LIMIT_APP, "counter", "limit_reached_total", "limit=\"pusher.apps\"",  \
        "")                                                                    \
    ROW(LIMIT_HOOK_PUBLISHES, "counter", "limit_reached_total",                \
        "limit=\"hook_publishes\"", "")                                        \
    ROW(LIMIT_ATTEMPTS, "counter", "limit_reached_total",                      \
        "limit=\"account_attempts\"", "")                                      \
    ROW(LIMIT_PASSWORDS, "counter", "limit_reached_total",                     \
        "limit=\"hash_queue\"", "")                                            \
    ROW(DROPPED_SUPERSEDED, "counter", "dropped_total",                        \
        "reason=\"superseded\"", "Messages that did not reach a connection.")  \
    ROW(DROPPED_CLOSED, "counter", "dropped_total", "reason=\"closed\"", "")   \
    ROW(CHANNELS, "gauge", "channels", "",                                     \
        "Channels of this instance with subscribers or stored state.")         \
    ROW(SUBSCRIPTIONS, "gauge", "subscriptions", "",                           \
        "Current subscriptions, counted per connection and channel.")          \
    ROW(HISTORY_MESSAGES, "gauge", "history_messages", "",                     \
        "Messages in the in-memory history; with Redis, history is kept "      \
        "there.")                                                              \
    ROW(HISTORY_BYTES, "gauge", "history_bytes", "",                           \
        "Bytes of the in-memory history.")                                     \
    ROW(OUTBOX_BYTES, "gauge", "outbox_bytes", "",                             \
        "Bytes waiting for slow sockets: outboxes, unsent responses and "      \
        "unsent frames.")                                                      \
    ROW(WAITING_BYTES, "gauge", "waiting_bytes", "",                           \
        "Memory used by waiting data, bounded by limits.memory_bytes: "        \
        "outboxes with shared frames counted once, unsent bytes, and partly "  \
        "received requests and messages.")                                     \
    ROW(OUTBOX_CONNECTIONS, "gauge", "outbox_connections", "",                 \
        "Connections with a non-empty outbox.")                                \
    ROW(ACCOUNT_LOGINS, "counter", "account_logins_total", "result=\"ok\"",    \
        "Password logins, by result.")                                         \
    ROW(ACCOUNT_LOGINS_WRONG, "counter", "account_logins_total",               \
        "result=\"refused\"", "")                                              \
    ROW(ACCOUNT_LOGINS_FAILED, "counter", "account_logins_total",              \
        "result=\"failed\"", "")                                               \
    ROW(ACCOUNT_OPEN, "gauge", "account_requests_open", "",                    \
        "Account requests waiting for the database or a password check.")      \
    ROW(HOOK_CONNECT_ALLOWED, "counter", "hook_calls_total",                   \
        "hook=\"connect\",result=\"allowed\"",                                 \
        "Webhook questions to the application, by result.")                    \
    ROW(HOOK_CONNECT_REFUSED, "counter", "hook_calls_total",                   \
        "hook=\"connect\",result=\"refused\"", "")                             \
    ROW(HOOK_CONNECT_FAILED, "counter", "hook_calls_total",                    \
        "hook=\"connect\",result=\"failed\"", "")                              \
    ROW(HOOK_CONNECT_OVERFLOWN, "counter", "hook_calls_total",                 \
        "hook=\"connect\",result=\"not_asked\"", "")                           \
    ROW(HOOK_SUBSCRIBE_ALLOWED, "counter", "hook_calls_total",                 \
        "hook=\"subscribe\",result=\"allowed\"", "")                           \
    ROW(HOOK_SUBSCRIBE_REFUSED, "counter", "hook_calls_total",                 \
        "hook=\"subscribe\",result=\"refused\"", "")                           \
    ROW(HOOK_SUBSCRIBE_FAILED, "counter", "hook_calls_total",                  \
        "hook=\"subscribe\",result=\"failed\"", "")                            \
    ROW(HOOK_SUBSCRIBE_OVERFLOWN, "counter", "hook_calls_total",               \
        "hook=\"subscribe\",result=\"not_asked\"", "")                         \
    ROW(HOOK_PUBLISH_ALLOWED, "counter", "hook_calls_total",                   \
        "hook=\"publish\",result=\"allowed\"", "")                             \
    ROW(HOOK_PUBLISH_REFUSED, "counter", "hook_calls_total",                   \
        "hook=\"publish\",result=\"refused\"", "")                             \
    ROW(HOOK_PUBLISH_FAILED, "counter", "hook_calls_total",                    \
        "hook=\"publish\",result=\"failed\"", "")                              \
    ROW(HOOK_PUBLISH_OVERFLOWN, "counter", "hook_calls_total",                 \
        "hook=\"publish\",result=\"not_asked\"", "")                           \
    ROW(HOOK_OPEN, "gauge", "hook_calls_open", "",                             \
        "Webhook questions waiting for the application's response.")           \
    ROW(HOOK_EVENTS_SENT, "counter", "hook_events_total", "result=\"sent\"",   \
        "Webhook events, by result.")                                          \
    ROW(HOOK_EVENTS_DROPPED, "counter", "hook_events_total",                   \
        "result=\"dropped\"", "")                                              \
    ROW(HOOK_EVENTS_WAITING, "gauge", "hook_events_waiting", "",               \
        "Webhook events in the queue.")                                        \
    ROW(HOOK_BATCHES, "counter", "hook_batches_total", "result=\"taken\"",     \
        "Webhook calls with events, by result.")                               \
    ROW(HOOK_RETRIES, "counter", "hook_batches_total", "result=\"failed\"",    \
        "")                                                                    \
    ROW(REDIS_READY, "gauge", "redis_ready", "",                               \
        "1 while Redis is connected and usable.")                              \
    ROW(REDIS_UNAVAILABLE, "counter", "redis_unavailable_total", "",           \
        "Requests refused because Redis did not respond in time.")             \
    ROW(REDIS_NOT_STORED, "counter", "redis_not_stored_total", "",             \
        "Requests refused because Redis was out of memory or read-only.")      \
    ROW(REDIS_GAPS, "counter", "redis_gaps_total", "",                         \
        "Gaps reported to the subscribers of a channel.")                      \
    ROW(REDIS_LOST, "counter", "redis_lost_total", "",                         \
        "Channels in which Redis lost a message it had acknowledged; a gap "   \
        "was reported to their subscribers.")                                  \
    ROW(REDIS_MOVED, "counter", "redis_moved_total", "",                       \
        "Reconnects because connections to Redis reached different servers.")  \
    ROW(REDIS_FAILOVERS, "counter", "redis_failovers_total", "",               \
        "Redis masters replaced, as reported by the Sentinels or by the "      \
        "Redis Cluster.")                                                      \
    ROW(REDIS_SLOTS_MOVED, "counter", "redis_slots_moved_total", "",           \
        "Redis Cluster slots moved to another master.")                        \
    ROW(REDIS_RESUBSCRIBED, "counter", "redis_resubscriptions_total", "",      \
        "Channel subscriptions to Redis restored after they were lost.")       \
    ROW(REDIS_SENTINELS, "gauge", "redis_sentinels", "",                       \
        "Sentinels that respond and report a master.")                         \
    ROW(REDIS_NODES_UP, "gauge", "redis_nodes", "state=\"up\"",                \
        "Redis Cluster masters: up if connected and subscribed, else down.")   \
    ROW(REDIS_NODES_DOWN, "gauge", "redis_nodes", "state=\"down\"", "")        \
    ROW(REDIS_DEAF, "counter", "redis_deaf_total", "",                         \
        "Reconnects because the subscribing connection did not receive this "  \
        "instance's own messages.")                                            \
    ROW(REDIS_REPAIRED, "counter", "redis_repaired_total", "",                 \
        "Messages fetched from the stream after pub/sub missed them.")         \
    ROW(REDIS_MALFORMED, "counter", "redis_malformed_total", "",               \
        "Malformed entries and messages read from Redis.")                     \
    ROW(REDIS_INPUT, "counter", "redis_input_total", "",                       \
        "Messages read from the input stream and input channels.")             \
    ROW(REDIS_BACKLOG, "gauge", "redis_backlog", "",                           \
        "Requests waiting to be sent to Redis, updated every second.")         \
    ROW(REDIS_IN_FLIGHT, "gauge", "redis_in_flight", "",                       \
        "Requests sent to Redis and not yet answered, updated every second.")  \
    ROW(REDIS_COMMANDS_UP, "counter", "redis_connects_total",                  \
        "link=\"commands\"",                                                   \
        "Connections established to Redis, including reconnects.")             \
    ROW(REDIS_SUBSCRIPTIONS_UP, "counter", "redis_connects_total",             \
        "link=\"subscriptions\"", "")                                          \
    ROW(REDIS_INPUT_UP, "counter", "redis_connects_total", "link=\"input\"", "")

/* name, exposed name, unit, help text */
#define DISTRIBUTIONS(ROW)                                                     \
    ROW(FAN_OUT, "fan_out_seconds", UNIT_SECONDS,                              \
        "Time from numbering or receiving a message until it was sent to all " \
        "subscribers of a worker; the oldest message of each batch.")          \
    ROW(OUTBOX_DEPTH, "outbox_depth_bytes", UNIT_BYTES,                        \
        "Bytes in a connection's outbox, each time a message is added.")       \
    ROW(LOOP_LAG, "loop_lag_seconds", UNIT_SECONDS,                            \
        "Delay of each thread's timer, measured once a second.")               \
    ROW(REDIS_ROUND_TRIP, "redis_round_trip_seconds", UNIT_SECONDS,            \
        "Time from sending a command to Redis until its response.")            \
    ROW(REDIS_DELIVERY, "redis_delivery_seconds", UNIT_SECONDS,                \
        "Time from a publish on any instance until its message arrived from "  \
        "Redis, by the clocks of both instances; resolution 1 ms.")            \
    ROW(HOOK_ROUND_TRIP, "hook_round_trip_seconds", UNIT_SECONDS,              \
        "Time from asking the application until its response, including the "  \
        "wait for a connection.")

enum metric {
#define METRIC_ENUM(name, kind, exposed, label, help) METRIC_##name,
    METRICS(METRIC_ENUM)
#undef METRIC_ENUM
        METRIC_COUNT
};

enum metric_distribution {
#define DISTRIBUTION_ENUM(name, exposed, unit, help) DISTRIBUTION_##name,
    DISTRIBUTIONS(DISTRIBUTION_ENUM)
#undef DISTRIBUTION_ENUM
        DISTRIBUTION_COUNT
};

struct metrics {
    char thread[16]; /* whose cpu_ns this is; set once, or empty */
    _Atomic uint64_t cpu_ns;
    _Atomic uint64_t cells[METRIC_COUNT];
    _Atomic uint64_t closes[CLOSE_REASON_COUNT];
    _Atomic uint64_t faults[FAULT_COUNT];
    _Atomic uint64_t refusals[REFUSAL_KIND_COUNT][REFUSAL_REASON_COUNT];
    struct distribution distributions[DISTRIBUTION_COUNT];
};

/* One writer per cell: no atomic read-modify-write is needed. */
static inline void metrics_add_to(_Atomic uint64_t *cell, int64_t by)
{
    uint64_t now = atomic_load_explicit(cell, memory_order_relaxed);
    atomic_store_explicit(cell, now + (uint64_t)by, memory_order_relaxed);
}

static inline void metrics_add(struct metrics *metrics, enum metric metric,
                               int64_t by)
{
    metrics_add_to(&metrics->cells[metric], by);
}

/* For a gauge whose writer knows the total. */
static inline void metrics_set(struct metrics *metrics, enum metric metric,
                               uint64_t value)
{
    atomic_store_explicit(&metrics->cells[metric], value, memory_order_relaxed);
}

/* Nanoseconds, or bytes. */
void metrics_observe(struct metrics *metrics, enum metric_distribution which,
                     uint64_t value);

/* Call once a second on the counting thread: records its CPU time and the delay
 * of its timer. */
void metrics_note_thread(struct metrics *metrics, uint64_t late_ns);

static inline void metrics_count_close(struct metrics *metrics,
                                       enum close_reason reason)
{
    metrics_add_to(&metrics->closes[reason], 1);
}

static inline void metrics_count_fault(struct metrics *metrics,
                                       enum fault fault)
{
    metrics_add_to(&metrics->faults[fault], 1);
}

static inline void metrics_count_refusal(struct metrics *metrics,
                                         enum refusal_kind kind,
                                         enum refusal_reason reason)
{
    metrics_add_to(&metrics->refusals[kind][reason], 1);
}

/* The sum over several threads' cells. */
uint64_t metrics_sum(const struct metrics *const *all, size_t count,
                     enum metric metric);

/* The number of error messages with the fault's code, over several threads'
 * cells. */
uint64_t metrics_sum_faults(const struct metrics *const *all, size_t count,
                            enum fault fault);

/* Prometheus' text format. */
void metrics_write(const struct metrics *const *all, size_t count,
                   struct buffer *out);

#endif

/* metrics: everything that is counted, as ONE table.
 *
 * Each worker counts in cells of its own, so that counting costs no lock and
 * no shared cache line; a reader sums them up.
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

/* name, kind, exposed name, help text; rows of one exposed name differ in
 * their label and stand together */
#define METRICS(ROW)                                                           \
    ROW(CONNECTIONS, "gauge", "connections", "", "WebSockets open now.")       \
    ROW(CONNECTIONS_OPENED, "counter", "connections_opened_total", "",         \
        "WebSockets opened.")                                                  \
    ROW(SOCKETS, "gauge", "sockets", "",                                       \
        "TCP connections accepted and open now, WebSockets included.")         \
    ROW(HANDSHAKES_REFUSED, "counter", "handshakes_refused_total", "",         \
        "Upgrade requests answered with an error.")                            \
    ROW(TLS_HANDSHAKES, "counter", "tls_handshakes_total", "",                 \
        "TLS handshakes completed.")                                           \
    ROW(TLS_RESUMED, "counter", "tls_resumed_total", "",                       \
        "Those of them that resumed a session.")                               \
    ROW(TLS_FAILED, "counter", "tls_failed_total", "",                         \
        "TLS handshakes that failed.")                                         \
    ROW(TICKETS_REDEEMED, "counter", "tickets_redeemed_total", "",             \
        "Tickets that were good.")                                      \
    ROW(PROXY_REFUSED, "counter", "proxy_headers_refused_total", "",           \
        "Sockets closed for want of a good PROXY header.")                     \
    ROW(HTTP_REQUESTS, "counter", "http_requests_total", "",                   \
        "Plain HTTP requests answered.")                                       \
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
    ROW(ERRORS_SENT, "counter", "errors_sent_total", "",                       \
        "Error messages sent to clients.")                                     \
    ROW(LIMIT_CONNECTIONS, "counter", "limit_reached_total",                   \
        "limit=\"connections\"", "Refusals and closes by limit.")              \
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
    ROW(LIMIT_INBOX, "counter", "limit_reached_total", "limit=\"inbox\"", "")  \
    ROW(LIMIT_BODY, "counter", "limit_reached_total", "limit=\"body_bytes\"",  \
        "")                                                                    \
    ROW(LIMIT_API_RATE, "counter", "limit_reached_total",                      \
        "limit=\"api_requests_per_second\"", "")                               \
    ROW(LIMIT_TICKETS, "counter", "limit_reached_total", "limit=\"tickets\"",  \
        "")                                                                    \
    ROW(LIMIT_IDEMPOTENCY, "counter", "limit_reached_total",                   \
        "limit=\"idempotency_keys\"", "")                                      \
    ROW(LIMIT_HOOK_PUBLISHES, "counter", "limit_reached_total",                \
        "limit=\"hook_publishes\"", "")                                        \
    ROW(DROPPED_SUPERSEDED, "counter", "dropped_total",                        \
        "reason=\"superseded\"", "Messages that did not reach a connection.")  \
    ROW(DROPPED_CLOSED, "counter", "dropped_total", "reason=\"closed\"", "")   \
    ROW(CHANNELS, "gauge", "channels", "",                                     \
        "Channels that this instance knows: subscribed to, or remembered.")    \
    ROW(SUBSCRIPTIONS, "gauge", "subscriptions", "",                           \
        "Channels that connections have now, counted for each connection.")    \
    ROW(HISTORY_MESSAGES, "gauge", "history_messages", "",                     \
        "Messages kept in memory (with Redis they are there).")                \
    ROW(HISTORY_BYTES, "gauge", "history_bytes", "",                           \
        "What these messages take.")                                           \
    ROW(OUTBOX_BYTES, "gauge", "outbox_bytes", "",                             \
        "Bytes that wait for connections that do not keep up, now.")           \
    ROW(OUTBOX_CONNECTIONS, "gauge", "outbox_connections", "",                 \
        "Connections for which something waits now.")                          \
    ROW(HOOK_CONNECT_ALLOWED, "counter", "hook_calls_total",                   \
        "hook=\"connect\",result=\"allowed\"",                                 \
        "Questions to the application, by what came of them.")                 \
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
        "Questions to the application under way.")                             \
    ROW(HOOK_EVENTS_SENT, "counter", "hook_events_total",                      \
        "result=\"sent\"", "Events for the application.")                      \
    ROW(HOOK_EVENTS_DROPPED, "counter", "hook_events_total",                   \
        "result=\"dropped\"", "")                                              \
    ROW(HOOK_EVENTS_WAITING, "gauge", "hook_events_waiting", "",               \
        "Events in the queue.")                                                \
    ROW(HOOK_BATCHES, "counter", "hook_batches_total", "result=\"taken\"",     \
        "Calls that brought events to the application.")                       \
    ROW(HOOK_RETRIES, "counter", "hook_batches_total", "result=\"failed\"",    \
        "")                                                                    \
    ROW(REDIS_READY, "gauge", "redis_ready", "",                               \
        "1 while Redis serves this instance.")                                 \
    ROW(REDIS_UNAVAILABLE, "counter", "redis_unavailable_total", "",           \
        "Requests refused because Redis did not answer in time.")              \
    ROW(REDIS_GAPS, "counter", "redis_gaps_total", "",                         \
        "Channels whose subscribers were told of a gap.")                      \
    ROW(REDIS_REPAIRED, "counter", "redis_repaired_total", "",                 \
        "Messages fetched from the stream after pub/sub missed them.")         \
    ROW(REDIS_MALFORMED, "counter", "redis_malformed_total", "",               \
        "Things read from Redis that could not be understood.")                \
    ROW(REDIS_INPUT, "counter", "redis_input_total", "",                       \
        "Messages taken from the input stream and the input channels.")        \
    ROW(REDIS_BACKLOG, "gauge", "redis_backlog", "",                           \
        "Requests that wait for Redis, as of the last second.")                \
    ROW(REDIS_IN_FLIGHT, "gauge", "redis_in_flight", "",                       \
        "Requests sent to Redis and not answered, as of the last second.")     \
    ROW(REDIS_COMMANDS_UP, "counter", "redis_connects_total",                  \
        "link=\"commands\"",                                                   \
        "Connections made to Redis; each after a link's first is a "           \
        "reconnect.")                                                          \
    ROW(REDIS_SUBSCRIPTIONS_UP, "counter", "redis_connects_total",             \
        "link=\"subscriptions\"", "")                                          \
    ROW(REDIS_INPUT_UP, "counter", "redis_connects_total", "link=\"input\"", "")

/* name, exposed name, unit, help text */
#define DISTRIBUTIONS(ROW)                                                     \
    ROW(FAN_OUT, "fan_out_seconds", UNIT_SECONDS,                              \
        "From a message being numbered, or coming from Redis, until all "      \
        "subscribers of a worker were served; the oldest of each batch.")      \
    ROW(OUTBOX_DEPTH, "outbox_depth_bytes", UNIT_BYTES,                        \
        "What waited for a connection, each time that more had to wait.")      \
    ROW(LOOP_LAG, "loop_lag_seconds", UNIT_SECONDS,                            \
        "How late each thread's timer fired, once a second.")                  \
    ROW(REDIS_ROUND_TRIP, "redis_round_trip_seconds", UNIT_SECONDS,            \
        "From a command being sent to Redis until its answer.")                \
    ROW(REDIS_DELIVERY, "redis_delivery_seconds", UNIT_SECONDS,                \
        "From a publish on some instance until its message came from Redis, "  \
        "by the clocks of both, in milliseconds.")                             \
    ROW(HOOK_ROUND_TRIP, "hook_round_trip_seconds", UNIT_SECONDS,              \
        "From a question being asked until the application's answer, with "    \
        "the wait for a connection.")

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
    struct distribution distributions[DISTRIBUTION_COUNT];
};

/* One writer a cell: no atomic read-modify-write is needed. */
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

/* For a gauge that its one writer knows as a whole. */
static inline void metrics_set(struct metrics *metrics, enum metric metric,
                               uint64_t value)
{
    atomic_store_explicit(&metrics->cells[metric], value, memory_order_relaxed);
}

/* Nanoseconds, or bytes. */
void metrics_observe(struct metrics *metrics, enum metric_distribution which,
                     uint64_t value);

/* Once a second, by the thread that counts here: the CPU time it has used, and
 * how late its timer was. */
void metrics_note_thread(struct metrics *metrics, uint64_t late_ns);

static inline void metrics_count_close(struct metrics *metrics,
                                       enum close_reason reason)
{
    metrics_add_to(&metrics->closes[reason], 1);
}

/* The sum over several threads' cells. */
uint64_t metrics_sum(const struct metrics *const *all, size_t count,
                     enum metric metric);

/* Prometheus' text format. */
void metrics_write(const struct metrics *const *all, size_t count,
                   struct buffer *out);

#endif

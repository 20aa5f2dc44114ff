#include "messaging/slow_reader.h"

#include "messaging/worker.h"

static const struct limits *limits_of(const struct connection *connection)
{
    return &connection->worker->instance->options->limits;
}

static void count(struct connection *connection, enum metric metric)
{
    metrics_add(&connection->worker->metrics, metric, 1);
}

bool slow_reader_queue(struct connection *connection, struct frame *frame,
                       const void *topic, int64_t *memory)
{
    switch (outbox_push(&connection->outbox, frame, topic,
                        limits_of(connection), memory)) {
    case OUTBOX_SUPERSEDED:
        count(connection, METRIC_DROPPED_SUPERSEDED);
        return true;
    case OUTBOX_FULL:
        count(connection, METRIC_DROPPED_CLOSED);
        connection_close_at_limit(connection, METRIC_LIMIT_OUTBOX,
                                  CLOSE_TOO_SLOW);
        return false;
    default:
        return true;
    }
}

void slow_reader_give_up(struct connection *connection)
{
    if (!connection->is_closing)
        connection_close(connection, CLOSE_TOO_SLOW);
    connection_drop_outbox(connection);
    connection_close_later(connection);
}

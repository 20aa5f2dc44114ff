#include "messaging/turn.h"

#include <stdio.h>
#include <stdlib.h>

#include <utlist.h>

#include "messaging/channel.h"
#include "messaging/hub.h"
#include "messaging/lifecycle.h"
#include "messaging/liveness.h"
#include "messaging/pressure.h"
#include "messaging/rates.h"
#include "messaging/responses.h"

enum {
    INBOX_ROUNDS = 16,
    SLICE_COST = 64, /* of channel_send_some */
    TURN_COST = 128, /* below a millisecond, mostly */
    TURN_PAGES = 4,
    TURN_CLOSINGS = 32 /* a crowd that ends at once delays nobody */
};

void worker_init(struct worker *worker, const struct instance *instance,
                 unsigned index, void (*wake)(void *arg), void *arg)
{
    *worker = (struct worker){.instance = instance, .index = index};
    snprintf(worker->metrics.thread, sizeof worker->metrics.thread, "worker-%u",
             index);
    inbox_init(&worker->inbox, wake, arg);
    hub_add_worker(instance->hub, worker);
}

void worker_deinit(struct worker *worker)
{
    while (inbox_drain(&worker->inbox))
        ; /* running waiting items frees them */
    PANIC_IF(worker->channels || worker->snapshots);
    watch_end(worker);
    inbox_deinit(&worker->inbox);
    buffer_deinit(&worker->reply);
    replies_deinit(&worker->replies);
    buffer_deinit(&worker->flush);
    for (int i = 0; i < ENCODINGS_MAX; i++)
        for (int j = 0; j < FRAMINGS_MAX; j++)
            buffer_deinit(&worker->joined[i][j]);
    buffer_deinit(&worker->finished);
    free(worker->slots);
    free(worker->free_slots);
    free(worker->expiring);
}

/* Serves channels round-robin, a slice each, until the turn's budget is used
 * up: the remaining ones are first in the next turn. */
static void send_channels(struct worker *worker)
{
    uint32_t used = 0;
    while (worker->dirty && used < TURN_COST) {
        struct channel *channel = worker->dirty;
        used += channel_send_some(channel, SLICE_COST);
        if (worker->dirty != channel)
            continue;
        DL_DELETE2(worker->dirty, channel, dirty_prev, dirty_next);
        DL_APPEND2(worker->dirty, channel, dirty_prev, dirty_next);
    }
}

bool worker_is_behind(const struct worker *worker)
{
    return worker->dirty || worker->ready || worker->closing;
}

/* Starting a close may free the connection, and may request more closes. */
static void start_closings(struct worker *worker)
{
    for (int i = 0; i < TURN_CLOSINGS && worker->closing; i++) {
        struct connection *connection = worker->closing;
        worker->closing = connection->extra->closing_next;
        connection->is_in_closing = false;
        connection_start_close(connection);
    }
}

void worker_turn(struct worker *worker)
{
    int rounds = 0;
    while (inbox_drain(&worker->inbox) && ++rounds < INBOX_ROUNDS)
        ; /* items posted while draining belong to this turn too */
    connection_send_replies(worker);
    send_channels(worker);
    responses_serve(worker, TURN_PAGES);
    pressure_relieve(worker);
    start_closings(worker);
}

void worker_tick(struct worker *worker)
{
    worker->seconds++;
    liveness_tick(worker);
    if (watch_is_over(worker)) {
        watch_end(worker);
        channel_forget_rates(worker);
    }
}

uint32_t worker_close_some(struct worker *worker, uint32_t count,
                           enum close_reason reason)
{
    uint32_t asked = 0;
    for (uint32_t i = 0; i < worker->slot_count && asked < count; i++) {
        struct connection *connection = worker->slots[i].connection;
        if (!connection || !connection->is_open || connection->is_closing ||
            connection->is_brief)
            continue;
        connection_close(connection, reason);
        asked++;
    }
    return asked;
}

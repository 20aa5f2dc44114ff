/* Four workers, each a thread with its loop as in the server; only the sockets
 * are fake. Each worker has a few seats. At each timer tick it performs random
 * actions: publishing, subscribing, leaving, pausing reads, closing,
 * reconnecting. Each seat must always receive the messages of its channels in
 * order, starting at the position in the answer to its subscribe, without gaps
 * or duplicates. */
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/loop.h"
#include "fakes/fake_instance.h"
#include "fakes/fake_stage.h"
#include "fakes/fake_transport.h"
#include "messaging/bus.h"
#include "messaging/channel.h"
#include "messaging/clients.h"
#include "messaging/hub.h"
#include "messaging/lifecycle.h"
#include "messaging/operations.h"
#include "messaging/turn.h"

enum {
    STATIONS = 4,
    SEATS = 12,
    CHANNELS = 6,
    TICKS = 150,
    ACTS = 40 /* per tick */
};

/* Holds one connection at a time. */
struct seat {
    struct fake_socket socket; /* first, because the connection points to it */
    struct connection *connection;
    struct station *station;
    bool is_closed;
    bool has_gap[CHANNELS];          /* the history arrived first */
    uint64_t next[CHANNELS];         /* expected offset; 0: none */
    struct position known[CHANNELS]; /* position for a recovery */
};

struct put_off {
    struct connection *connection;
    struct bytes frames;
};

/* One worker and its thread state. */
struct station {
    struct worker *worker;
    struct loop *loop;
    struct loop_timer *timer;
    pthread_t thread;
    uint64_t random;
    unsigned ticks;
    bool is_finishing;
    struct put_off put_off[SEATS]; /* writes until the worker settles */
    unsigned put_off_count;
    struct seat seats[SEATS];
};

static struct fake_instance *fake;
static struct station stations[STATIONS];
static _Atomic uint64_t newest[CHANNELS]; /* highest offset seen by any seat */
static _Atomic unsigned wrong;
static _Atomic unsigned delivered;
static _Atomic unsigned recovered;
static _Atomic unsigned done;

static void note_newest(unsigned channel, uint64_t offset)
{
    uint64_t seen = newest[channel];
    while (seen < offset &&
           !atomic_compare_exchange_weak(&newest[channel], &seen, offset))
        ;
}

/* ---- what a seat hears -------------------------------------------- */

static struct seat *seat_of(const struct connection *connection)
{
    return connection->socket;
}

static unsigned channel_number(const char *name)
{
    return (unsigned)(name[1] - '0');
}

/* Stores the position of a channel when its messages stop. */
static void keep_place(struct seat *seat, unsigned channel)
{
    if (seat->next[channel])
        seat->known[channel].offset = seat->next[channel] - 1;
    seat->next[channel] = 0;
    seat->has_gap[channel] = false;
}

static void hear_message(struct seat *seat, unsigned channel, uint64_t offset)
{
    bool may_skip = seat->has_gap[channel] && offset > seat->next[channel];
    if (!seat->next[channel] || (seat->next[channel] != offset && !may_skip))
        wrong++;
    seat->has_gap[channel] = false;
    seat->next[channel] = offset + 1;
    note_newest(channel, offset);
    delivered++;
}

/* Message 17 of channel 3 reads "c3 17", a gap "g3 0", the answers to subscribe
 * "s3 17" and to unsubscribe "u3 0"; a direct message has no order to check. */
static void hear(struct seat *seat, struct bytes payload)
{
    char text[32];
    char kind;
    unsigned channel;
    unsigned long long offset;
    snprintf(text, sizeof text, "%.*s", (int)payload.len, payload.data);
    if (sscanf(text, "%c%u %llu", &kind, &channel, &offset) != 3)
        return;
    if (kind == 'c')
        hear_message(seat, channel, offset);
    else if (kind == 'g')
        seat->has_gap[channel] = true;
    else if (kind == 's')
        seat->next[channel] = offset + 1;
    else
        keep_place(seat, channel);
}

static void answer(struct connection *connection, char kind, unsigned channel,
                   uint64_t offset)
{
    struct buffer *reply = connection_reply_begin(connection);
    buffer_append_format(reply, "%c%u %llu", kind, channel,
                         (unsigned long long)offset);
    connection_reply_end(connection, PAYLOAD_TEXT);
}

static bool write_and_hear(struct connection *connection, struct bytes frames)
{
    struct seat *seat = seat_of(connection);
    enum frame_opcode opcode;
    struct bytes payload;
    if (!fake_transport.write(connection, frames))
        return false;
    while (fake_socket_read(&seat->socket, &opcode, &payload))
        hear(seat, payload);
    buffer_clear(&seat->socket.written);
    seat->socket.read = 0;
    return true;
}

static bool is_blocked(const struct connection *connection)
{
    return fake_transport.is_blocked(connection);
}

static void want_writable(struct connection *connection)
{
    fake_transport.want_writable(connection);
}

/* Freed later, as with a real socket. */
static void close_seat(struct connection *connection, enum close_reason reason)
{
    fake_transport.close(connection, reason);
    seat_of(connection)->is_closed = true;
}

/* Deferred until the worker settles, as with a ring. */
static bool write_later(struct connection *connection, struct bytes frames)
{
    struct station *station = seat_of(connection)->station;
    assert_in_range(station->put_off_count, 0, SEATS - 1);
    station->put_off[station->put_off_count++] =
        (struct put_off){connection, frames};
    return true;
}

static void settle(void *arg)
{
    struct station *station = arg;
    for (unsigned i = 0; i < station->put_off_count; i++)
        if (!write_and_hear(station->put_off[i].connection,
                            station->put_off[i].frames))
            connection_close(station->put_off[i].connection,
                             CLOSE_CONNECTION_LOST);
    station->put_off_count = 0;
}

static bool ping(struct connection *connection)
{
    return fake_transport.ping(connection);
}

static const struct transport transport = {
    .framing = &frame_write_framing,
    .gauge = METRIC_WEBSOCKETS,
    .write = write_and_hear,
    .write_later = write_later,
    .is_blocked = is_blocked,
    .want_writable = want_writable,
    .ping = ping,
    .close = close_seat,
};

static void on_open(struct connection *connection, const struct bytes *channels,
                    size_t count)
{
    (void)connection;
    (void)channels;
    (void)count;
}

static void on_message(struct connection *connection, struct bytes payload,
                       bool binary)
{
    (void)connection;
    (void)payload;
    (void)binary;
}

static void check_recovered(const struct request *request)
{
    uint64_t offset = request->since.offset;
    for (size_t i = 0; i < request->message_count; i++)
        if (request->messages[i]->offset != ++offset)
            wrong++;
    if (offset != request->position.offset)
        wrong++;
    recovered++;
}

static void on_answer(struct connection *connection,
                      const struct request *request)
{
    if (request->fault != FAULT_NONE || request->kind > REQUEST_PUBLISH)
        return;
    unsigned channel = channel_number(request->channel);
    note_newest(channel, request->position.offset);
    if (request->kind != REQUEST_SUBSCRIBE)
        return;
    if (request->recovered)
        check_recovered(request);
    seat_of(connection)->known[channel].epoch = request->position.epoch;
    answer(connection, 's', channel, request->position.offset);
}

static void on_unsubscribed(struct connection *connection, struct bytes channel)
{
    (void)connection;
    (void)channel;
}

static void encode(const struct message *message, struct buffer *out)
{
    buffer_append(out, message->channel);
    if (message->kind == MESSAGE_GAP)
        out->data[out->len - message->channel.len] = 'g';
    buffer_append_char(out, ' ');
    buffer_append_uint(out, message->offset);
}

static const struct encoding encoding = {.encode = encode};

static const struct protocol protocol = {
    .name = "storm",
    .on_open = on_open,
    .on_message = on_message,
    .on_answer = on_answer,
    .on_unsubscribed = on_unsubscribed,
    .encoding = &encoding,
};

/* ---- what a seat does --------------------------------------------- */

static unsigned random_below(struct station *station, unsigned limit)
{
    /* xorshift64: the same storm each time, as far as threads allow */
    station->random ^= station->random << 13;
    station->random ^= station->random >> 7;
    station->random ^= station->random << 17;
    return (unsigned)(station->random >> 33) % limit;
}

static const struct bytes no_id = {0};

static void sit_down(struct station *station, struct seat *seat)
{
    char id[16];
    const struct identity identity = {.caps = caps_everything()};
    snprintf(id, sizeof id, "client%u", random_below(station, 8));
    seat->connection = connection_new(station->worker, &protocol, &transport,
                                      seat, id, identity);
    connection_open(seat->connection, NULL, 0);
}

static void stand_up(struct seat *seat)
{
    connection_free(seat->connection);
    seat->connection = NULL;
    for (unsigned i = 0; i < CHANNELS; i++)
        keep_place(seat, i);
    fake_socket_deinit(&seat->socket);
    seat->socket = (struct fake_socket){0};
    seat->is_closed = false;
}

static void subscribe(struct seat *seat, struct bytes name, unsigned channel)
{
    const struct position *known = &seat->known[channel];
    operation_subscribe(seat->connection, name, known->epoch ? known : NULL,
                        no_id);
}

static void unsubscribe(struct seat *seat, struct bytes name, unsigned channel)
{
    if (operation_unsubscribe(seat->connection, name) == FAULT_NONE)
        answer(seat->connection, 'u', channel, 0);
}

static void set_blocked(struct seat *seat, bool is_blocked_now)
{
    seat->socket.is_blocked = is_blocked_now;
    if (!is_blocked_now)
        connection_on_writable(seat->connection);
}

static const struct utterance one = {.payload = BYTES_LITERAL("1")};

static void send_direct(struct station *station, struct seat *seat)
{
    char to[16];
    snprintf(to, sizeof to, "client%u", random_below(station, 8));
    operation_direct(seat->connection, bytes_of(to), &one, no_id);
}

static void act(struct station *station, struct seat *seat)
{
    unsigned channel = random_below(station, CHANNELS);
    const char text[] = {'c', (char)('0' + channel)};
    const struct bytes name = {text, sizeof text};
    switch (random_below(station, 12)) {
    case 0:
    case 1:
        subscribe(seat, name, channel);
        break;
    case 2:
        unsubscribe(seat, name, channel);
        break;
    case 3:
        set_blocked(seat, !random_below(station, 3));
        break;
    case 4:
        send_direct(station, seat);
        break;
    case 5:
        operation_history(seat->connection, name, 3, no_id);
        operation_presence(seat->connection, name, UINT32_MAX, no_id);
        break;
    case 6:
        if (!random_below(station, 10))
            connection_close(seat->connection, CLOSE_FORBIDDEN);
        break;
    case 7:
        if (!random_below(station, 10))
            stand_up(seat);
        break;
    default:
        operation_publish(seat->connection, name, &one, no_id);
    }
}

/* ---- the threads -------------------------------------------------- */

static void act_often(struct station *station)
{
    for (int i = 0; i < ACTS; i++) {
        struct seat *seat = &station->seats[random_below(station, SEATS)];
        if (seat->is_closed)
            stand_up(seat);
        if (!seat->connection)
            sit_down(station, seat);
        if (!seat->connection->is_closing)
            act(station, seat);
    }
}

static void unblock_all(struct station *station)
{
    for (int i = 0; i < SEATS; i++)
        if (station->seats[i].connection)
            set_blocked(&station->seats[i], false);
}

static void on_timer(void *arg)
{
    struct station *station = arg;
    bool is_busy = worker_is_behind(station->worker) ||
                   inbox_depth(&station->worker->inbox);
    if (station->is_finishing && !is_busy) {
        loop_timer_free(station->timer);
        loop_stop(station->loop);
        return;
    }
    if (station->ticks < TICKS)
        act_often(station);
    if (station->ticks % 10 == 0)
        worker_tick(station->worker);
    if (++station->ticks == TICKS) {
        unblock_all(station);
        done++;
    }
}

/* Posted to the inbox after everything published. */
static void finish(void *subject, void *object)
{
    (void)object;
    struct station *station = subject;
    station->is_finishing = true;
}

static void on_turn(void *arg)
{
    struct station *station = arg;
    worker_turn(station->worker);
    if (worker_is_behind(station->worker))
        loop_wake(station->loop);
}

static void wake(void *arg)
{
    struct station *station = arg;
    loop_wake(station->loop);
}

static void *run_station(void *arg)
{
    struct station *station = arg;
    loop_run(station->loop);
    return NULL;
}

static void make_station(unsigned index)
{
    struct station *station = &stations[index];
    station->worker = &fake->workers[index];
    station->random = 0x9e3779b97f4a7c15 * (index + 1);
    worker_init(station->worker, &fake->instance, index, wake, station);
    station->worker->settle = settle;
    station->worker->settle_arg = station;
    for (int i = 0; i < SEATS; i++)
        station->seats[i].station = station;
    station->loop = loop_new(on_turn, station);
    station->timer = loop_timer_new(station->loop, 1, 1, on_timer, station);
}

/* The work of a server's main thread meanwhile. */
static void continue_visit(void)
{
    const struct metrics *all[STATIONS];
    for (int i = 0; i < STATIONS; i++)
        all[i] = &stations[i].worker->metrics;
    while (done < STATIONS) {
        struct buffer text = {0};
        metrics_write(all, STATIONS, &text);
        buffer_deinit(&text);
        fake->instance.bus->ops->tick(fake->instance.bus);
        hub_is_swamped(fake->instance.hub, 10);
        clients_close(fake->instance.clients, "client7", CLOSE_FORBIDDEN,
                      (struct bytes){0});
        usleep(1000);
    }
}

static void run_all(void)
{
    for (int i = 0; i < STATIONS; i++)
        pthread_create(&stations[i].thread, NULL, run_station, &stations[i]);
    continue_visit();
    for (int i = 0; i < STATIONS; i++)
        inbox_post(&stations[i].worker->inbox,
                   (struct inbox_item){finish, &stations[i], NULL});
    for (int i = 0; i < STATIONS; i++)
        pthread_join(stations[i].thread, NULL);
}

/* No seat may lack a message that another one received. */
static unsigned count_losses(void)
{
    unsigned losses = 0;
    for (int i = 0; i < STATIONS * SEATS; i++) {
        const struct seat *seat = &stations[i / SEATS].seats[i % SEATS];
        if (!seat->connection || seat->connection->is_closing)
            continue;
        for (unsigned j = 0; j < CHANNELS; j++)
            losses += seat->next[j] && seat->next[j] != newest[j] + 1 &&
                      !seat->has_gap[j];
    }
    return losses;
}

static void free_all(void)
{
    for (int i = 0; i < STATIONS * SEATS; i++)
        if (stations[i / SEATS].seats[i % SEATS].connection)
            stand_up(&stations[i / SEATS].seats[i % SEATS]);
    for (int i = 0; i < STATIONS; i++) {
        loop_finish(stations[i].loop);
        worker_turn(stations[i].worker);
    }
    fake_instance_free(fake);
    for (int i = 0; i < STATIONS; i++)
        loop_free(stations[i].loop);
}

static void a_storm_loses_nothing_and_keeps_the_order(void **state)
{
    (void)state;
    fake = fake_stage_open(0);
    fake->worker_count = STATIONS;
    fake->options.limits.inbox_messages = 20000;
    fake->options.limits.outbox_messages = 100;
    fake->options.limits.outbox_bytes = 100000;
    fake->options.limits.channels_per_connection = CHANNELS;
    for (unsigned i = 0; i < STATIONS; i++)
        make_station(i);
    run_all();
    unsigned losses = count_losses();
    uint64_t too_slow = fake_instance_metric(fake, METRIC_LIMIT_OUTBOX);
    free_all();

    print_message("%u delivered, %u recoveries, %llu too slow\n", delivered,
                  recovered, (unsigned long long)too_slow);
    assert_int_equal(wrong, 0);
    assert_int_equal(losses, 0);
    assert_true(delivered > 10000); /* the storm did something */
    assert_true(recovered > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_storm_loses_nothing_and_keeps_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

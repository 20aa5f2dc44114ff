#include "bus/redis/redis_link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bus/redis/redis_outage.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_wire.h"

enum { CHECK_MS = 100 };

enum link_state { WAITING, CONNECTING, GREETING, UP };

struct redis_link {
    /* set once */
    struct loop *loop;
    const struct redis_options *options;
    const struct redis_url *url;
    const struct redis_tls *tls; /* NULL: none */
    struct redis_link_events events;
    /* the connection */
    enum link_state state;
    struct redis_wire *wire;  /* NULL while waiting */
    struct loop_timer *check; /* time-outs, and the next attempt */
    uint64_t due_ms;          /* WAITING: try again; else: give up */
    struct backoff backoff;
    uint32_t patience_ms;
    uint64_t heard_ns; /* when the last bytes came */
    uint64_t late_ns;  /* delay of this thread since then */
    uint64_t answers;  /* on this connection */
    uint64_t waited_ns;
    struct redis_outage outage;
    struct redis_server server; /* current or last server */
    int64_t id;                 /* connection id from CLIENT ID */
    int64_t ghost_id;           /* the previous one, on the same Redis */
    /* its error to INFO, with which it may close */
    char objection[128];
    char refusal[128];            /* of the greeting */
    struct redis_pending pending; /* commands in flight */
};

bool redis_link_is_up(const struct redis_link *link)
{
    return link->state == UP;
}

size_t redis_link_in_flight(const struct redis_link *link)
{
    return link->pending.count;
}

void redis_link_round_trips(const struct redis_link *link, uint64_t *answers,
                            uint64_t *waited_ns)
{
    *answers = link->answers;
    *waited_ns = link->waited_ns;
}

const struct redis_server *redis_link_server(const struct redis_link *link)
{
    return &link->server;
}

void redis_link_hurry(struct redis_link *link)
{
    if (link->state == WAITING)
        link->due_ms = 0;
}

void redis_link_set_patience(struct redis_link *link, uint32_t more_ms)
{
    link->patience_ms = more_ms;
}

/* Ends the connection; the next attempt comes after a pause. */
static void wait_for_next(struct redis_link *link)
{
    bool was_up = link->state == UP;
    link->state = WAITING;
    redis_wire_close(link->wire);
    link->wire = NULL;
    link->due_ms = clock_steady_ms() + backoff_next_ms(&link->backoff);
    redis_pending_fail(&link->pending);
    if (was_up && link->events.on_down)
        link->events.on_down(link->events.arg);
}

void redis_link_reset(struct redis_link *link, const char *why)
{
    if (link->state == WAITING)
        return;
    redis_outage_note(&link->outage, why, clock_steady_ms());
    redis_reason_set(link->events.reason, "Redis is unavailable: %s", why);
    wait_for_next(link);
}

void redis_link_push(struct redis_link *link, const struct bytes *words,
                     size_t count)
{
    if (link->state == UP)
        redis_wire_send(link->wire, words, count);
}

static void send_now(struct redis_link *link, const struct bytes *words,
                     size_t count, redis_answer *answer, void *arg)
{
    if (!link->pending.count)
        link->late_ns = 0;
    redis_pending_add(&link->pending, words[0], answer, arg);
    redis_wire_send(link->wire, words, count);
}

void redis_link_send(struct redis_link *link, const struct bytes *words,
                     size_t count, redis_answer *answer, void *arg)
{
    if (link->state == UP)
        send_now(link, words, count, answer, arg);
    else if (answer)
        answer(arg, NULL);
}

void redis_link_settle(struct redis_link *link)
{
    if (link->state != UP)
        return;
    backoff_reset(&link->backoff);
    redis_outage_end(&link->outage);
}

/* Commands of the previous connection may still be waiting in Redis' socket,
 * for example if Redis was paused: they must not run after new ones. */
static void kill_ghost(struct redis_link *link)
{
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, link->ghost_id);
    const struct bytes words[] = {BYTES_LITERAL("CLIENT"),
                                  BYTES_LITERAL("KILL"), BYTES_LITERAL("ID"),
                                  bytes_of(id)};
    if (link->ghost_id)
        send_now(link, words, 4, NULL, NULL);
    link->ghost_id = 0;
}

static const char *judge(struct redis_link *link)
{
    const struct redis_link_events *events = &link->events;
    return events->judge ? events->judge(events->arg, &link->server) : NULL;
}

/* The greeting is sent at once. Its first error counts, but only after all
 * answers, when the kind of server is known. */
static void on_greeted(void *arg, const struct redisReply *reply)
{
    struct redis_link *link = arg;
    const char *error = redis_push_error(reply);
    if (!reply || link->state != GREETING)
        return;
    if (error && !link->refusal[0])
        snprintf(link->refusal, sizeof link->refusal, "%s", error);
    if (link->pending.count)
        return;
    const char *misfit = judge(link);
    if (misfit) {
        redis_outage_note_quietly(&link->outage, clock_steady_ms());
        wait_for_next(link);
        return;
    }
    if (link->refusal[0]) {
        redis_link_reset(link, link->refusal);
        return;
    }
    link->state = UP;
    kill_ghost(link);
    link->events.on_up(link->events.arg);
}

/* INFO identifies the server; the former connection id is valid only there. A
 * user may lack the permission for INFO. But a Redis that refuses the client,
 * because of maxclients or protected mode, answers the first command with the
 * error, and closes. */
static void on_info(void *arg, const struct redisReply *reply)
{
    struct redis_link *link = arg;
    const char *objection = redis_push_error(reply);
    snprintf(link->objection, sizeof link->objection, "%s",
             objection ? objection : "");
    struct redis_server server = {0};
    redis_server_read(&server, redis_push_text(reply));
    bool is_same =
        server.run_id[0] && strcmp(server.run_id, link->server.run_id) == 0;
    link->ghost_id = is_same ? link->id : 0;
    link->server = server;
    link->id = 0;
}

static void on_replication(void *arg, const struct redisReply *reply)
{
    struct redis_link *link = arg;
    redis_server_read(&link->server, redis_push_text(reply));
}

static void on_id(void *arg, const struct redisReply *reply)
{
    struct redis_link *link = arg;
    redis_push_number(reply, &link->id);
}

static void greet(struct redis_link *link)
{
    const struct redis_url *url = link->url;
    char database[16];
    link->objection[0] = '\0';
    link->refusal[0] = '\0';
    snprintf(database, sizeof database, "%u", url->database);
    struct bytes auth[REDIS_LOGIN_WORDS];
    size_t count = redis_login_words(url->login, auth);
    if (count)
        send_now(link, auth, count, on_greeted, link);
    const struct bytes info[] = {BYTES_LITERAL("INFO"),
                                 BYTES_LITERAL("server")};
    const struct bytes replication[] = {BYTES_LITERAL("INFO"),
                                        BYTES_LITERAL("replication")};
    const struct bytes id[] = {BYTES_LITERAL("CLIENT"), BYTES_LITERAL("ID")};
    const struct bytes select[] = {BYTES_LITERAL("SELECT"), bytes_of(database)};
    const struct bytes ping[] = {BYTES_LITERAL("PING")};
    send_now(link, info, 2, on_info, link);
    send_now(link, replication, 2, on_replication, link);
    send_now(link, id, 2, on_id, link);
    /* a Sentinel has no databases, but something has to come last */
    if (url->is_sentinel)
        send_now(link, ping, 1, on_greeted, link);
    else
        send_now(link, select, 2, on_greeted, link);
}

static void note_round_trip(struct redis_link *link, uint64_t ns)
{
    link->answers++;
    link->waited_ns += ns;
    if (link->events.round_trips)
        metrics_observe(link->events.round_trips, DISTRIBUTION_REDIS_ROUND_TRIP,
                        ns);
}

static void on_reply(void *arg, const struct redisReply *reply)
{
    struct redis_link *link = arg;
    const char *error = redis_push_error(reply);
    if (link->events.on_push && link->state == UP &&
        (redis_push_is_one(reply) || redis_push_is_redirection(reply))) {
        link->events.on_push(link->events.arg, reply);
        return;
    }
    if (!link->pending.count) {
        redis_link_reset(link, error ? error : "unexpected response");
        return;
    }
    struct redis_command pending = redis_pending_take(&link->pending);
    note_round_trip(link, link->heard_ns - pending.sent_ns);
    if (error)
        log_limited(LOG_DEBUG, 10, "Redis command failed",
                    LOG_TEXT("command", pending.name),
                    LOG_TEXT("link", link->outage.name),
                    LOG_TEXT("error", error));
    if (pending.answer)
        pending.answer(pending.arg, reply);
    if (error && link->state == UP && link->events.on_refused)
        link->events.on_refused(link->events.arg, reply);
}

static void on_read(void *arg)
{
    struct redis_link *link = arg;
    link->heard_ns = clock_steady_ns();
    link->late_ns = 0;
}

static void on_open(void *arg)
{
    struct redis_link *link = arg;
    link->state = GREETING;
    link->answers = link->waited_ns = 0;
    greet(link);
}

static void on_broken(void *arg, const char *why)
{
    struct redis_link *link = arg;
    struct error text;
    error_set(&text, "%s", why);
    if (link->state == GREETING && link->objection[0])
        error_set(&text, "closed, after: %s", link->objection);
    redis_link_reset(link, text.text);
}

static void connect_now(struct redis_link *link)
{
    const struct redis_url *url = link->url;
    if (!url->path && !url->host) { /* no Sentinel has named one yet */
        redis_outage_note_quietly(&link->outage, clock_steady_ms());
        link->due_ms = UINT64_MAX; /* until redis_link_hurry */
        return;
    }
    const struct redis_wire_events events = {.on_open = on_open,
                                             .on_read = on_read,
                                             .on_reply = on_reply,
                                             .on_broken = on_broken,
                                             .arg = link};
    link->wire = redis_wire_open(link->loop, url, link->tls, &events);
    link->state = CONNECTING;
    link->late_ns = 0;
    link->due_ms = clock_steady_ms() + link->options->connect_ms;
}

/* Redis answers in order, so the oldest command shows whether it is alive.
 * Received bytes of a long answer count too. Time in which this thread was busy
 * does not count. */
static bool is_overdue(const struct redis_link *link, uint64_t now)
{
    uint64_t late_ms = link->late_ns / 1000000;
    if (link->state == WAITING)
        return now >= link->due_ms;
    if (link->state != UP)
        return now >= link->due_ms + late_ms;
    if (!link->pending.count)
        return false;
    uint64_t since_ns = redis_pending_since_ns(&link->pending);
    if (link->heard_ns > since_ns)
        since_ns = link->heard_ns;
    return clock_elapsed(now, since_ns / 1000000) >
           link->options->timeout_ms + link->patience_ms + late_ms;
}

static void ask_for_life(struct redis_link *link)
{
    const struct bytes ping[] = {BYTES_LITERAL("PING")};
    uint64_t silent_ns = clock_elapsed(clock_steady_ns(), link->heard_ns);
    if (link->state == UP && !link->pending.count && silent_ns > 1000000000)
        redis_link_send(link, ping, 1, NULL, NULL);
}

static void give_up(struct redis_link *link)
{
    struct error why;
    error_set(&why, "%sno response in time", redis_wire_stage(link->wire));
    redis_link_reset(link, why.text);
}

static void on_check(void *arg)
{
    struct redis_link *link = arg;
    link->late_ns += loop_timer_late_ns(link->check);
    if (!is_overdue(link, clock_steady_ms())) {
        ask_for_life(link);
        return;
    }
    if (link->state == WAITING)
        connect_now(link);
    else
        give_up(link);
}

struct redis_link *redis_link_new(struct loop *loop, const char *name,
                                  const struct redis_options *options,
                                  const struct redis_url *url,
                                  const struct redis_tls *tls,
                                  const struct redis_link_events *events)
{
    struct redis_link *link = memory_new(1, sizeof *link);
    link->loop = loop;
    link->outage.name = name;
    link->options = options;
    link->url = url;
    link->tls = tls;
    link->events = *events;
    link->backoff =
        (struct backoff){options->backoff_ms, options->backoff_max_ms, 0};
    link->check = loop_timer_new(loop, CHECK_MS, CHECK_MS, on_check, link);
    connect_now(link);
    return link;
}

void redis_link_free(struct redis_link *link)
{
    if (!link)
        return;
    link->state = WAITING;
    redis_wire_close(link->wire);
    link->wire = NULL;
    redis_pending_fail(&link->pending);
    redis_pending_deinit(&link->pending);
    loop_timer_free(link->check);
    free(link);
}

#include "bus/redis_link.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <hiredis/hiredis.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bus/redis_push.h"

enum { WORDS_MAX = 64, CHECK_MS = 100, ELEMENTS_MAX = 16777216 };

enum link_state { WAITING, CONNECTING, SECURING, GREETING, UP };

/* A command whose answer is awaited. */
struct pending {
    redis_answer *answer;
    void *arg;
    uint64_t sent_ns;
};

struct redis_link {
    /* set once */
    struct loop *loop;
    const char *name;
    const struct redis_options *options;
    const struct redis_url *url;
    const struct redis_tls *tls; /* NULL: none */
    struct redis_link_events events;
    /* the connection */
    enum link_state state;
    redisContext *context; /* NULL while waiting */
    struct ssl_st *ssl;    /* the context's, with TLS */
    struct loop_watch *watch;
    struct loop_timer *check; /* time-outs, and the next attempt */
    uint64_t due_ms;          /* WAITING: try again; else: give up */
    struct backoff backoff;
    uint32_t patience_ms;
    uint64_t heard_ns; /* when the last bytes came */
    bool has_settled;  /* it served once */
    bool has_failed;   /* it was logged that it is down */
    char run_id[41];   /* of the Redis it was connected to */
    int64_t id;        /* of the connection, as Redis counts them */
    int64_t ghost_id;  /* of the one before, on the same Redis */
    /* its error to INFO, with which it may close */
    char objection[128];
    /* a ring of what is in flight */
    struct pending *pending;
    size_t capacity;
    size_t first;
    size_t count;
};

bool redis_link_is_up(const struct redis_link *link)
{
    return link->state == UP;
}

size_t redis_link_in_flight(const struct redis_link *link)
{
    return link->count;
}

void redis_link_set_patience(struct redis_link *link, uint32_t more_ms)
{
    link->patience_ms = more_ms;
}

static void add_pending(struct redis_link *link, redis_answer *answer,
                        void *arg)
{
    if (link->count == link->capacity) {
        size_t capacity = link->capacity ? link->capacity * 2 : 64;
        struct pending *pending = memory_new(capacity, sizeof *pending);
        for (size_t i = 0; i < link->count; i++)
            pending[i] = link->pending[(link->first + i) % link->capacity];
        free(link->pending);
        link->pending = pending;
        link->capacity = capacity;
        link->first = 0;
    }
    size_t place = (link->first + link->count++) % link->capacity;
    link->pending[place] = (struct pending){answer, arg, clock_steady_ns()};
}

static struct pending take_pending(struct redis_link *link)
{
    struct pending pending = link->pending[link->first];
    link->first = (link->first + 1) % link->capacity;
    link->count--;
    return pending;
}

/* What was in flight when it began; an answer may send no more: it is down. */
static void fail_pending(struct redis_link *link)
{
    while (link->count) {
        struct pending pending = take_pending(link);
        if (pending.answer)
            pending.answer(pending.arg, NULL);
    }
}

static void disconnect(struct redis_link *link)
{
    loop_watch_free(link->watch);
    link->watch = NULL;
    if (link->context)
        redisFree(link->context);
    link->context = NULL;
    link->ssl = NULL;
}

/* One line when it goes down, one when it is back: not one an attempt. */
static void log_down(struct redis_link *link, const char *why)
{
    if (!link->has_failed)
        log_event(LOG_WARN, "Redis is away", LOG_TEXT("link", link->name),
                  LOG_TEXT("why", why));
    link->has_failed = true;
}

void redis_link_reset(struct redis_link *link, const char *why)
{
    bool was_up = link->state == UP;
    if (link->state == WAITING)
        return;
    log_down(link, why);
    link->state = WAITING;
    disconnect(link);
    link->due_ms = clock_steady_ms() + backoff_next_ms(&link->backoff);
    fail_pending(link);
    if (was_up)
        link->events.on_down(link->events.arg);
}

/* hiredis, or TLS below it, found something wrong. */
static void reset_broken(struct redis_link *link)
{
    struct error why;
    redis_tls_explain(link->ssl, link->context, &why);
    if (link->state == GREETING && link->objection[0])
        error_set(&why, "closed, after: %s", link->objection);
    redis_link_reset(link, why.text);
}

/* Writes what there is; asks to be told when there is room for the rest. */
static void flush(struct redis_link *link)
{
    int done = 0;
    if (redisBufferWrite(link->context, &done) == REDIS_ERR) {
        reset_broken(link);
        return;
    }
    loop_watch_set(link->watch,
                   done ? LOOP_READABLE : LOOP_READABLE | LOOP_WRITABLE);
}

static void append(struct redis_link *link, const struct bytes *words,
                   size_t count)
{
    const char *texts[WORDS_MAX];
    size_t lens[WORDS_MAX];
    PANIC_IF(count > WORDS_MAX);
    for (size_t i = 0; i < count; i++) {
        texts[i] = words[i].len ? words[i].data : "";
        lens[i] = words[i].len;
    }
    PANIC_IF(redisAppendCommandArgv(link->context, (int)count, texts, lens) !=
             REDIS_OK);
    /* the socket becomes writable at once: everything that this turn of the
     * loop sends goes out as one write */
    loop_watch_set(link->watch, LOOP_READABLE | LOOP_WRITABLE);
}

void redis_link_push(struct redis_link *link, const struct bytes *words,
                     size_t count)
{
    if (link->state == UP)
        append(link, words, count);
}

static void send_now(struct redis_link *link, const struct bytes *words,
                     size_t count, redis_answer *answer, void *arg)
{
    add_pending(link, answer, arg);
    append(link, words, count);
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
    if (link->has_failed || !link->has_settled)
        log_event(link->has_failed ? LOG_WARN : LOG_INFO, "Redis is there",
                  LOG_TEXT("link", link->name));
    link->has_failed = false;
    link->has_settled = true;
}

/* What the connection before had sent may still wait in Redis' socket (it was
 * paused, say): it must not be done later than what is sent from now on. */
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

static void on_greeted(void *arg, const struct redisReply *reply)
{
    struct redis_link *link = arg;
    if (!reply || link->state != GREETING)
        return;
    if (redis_push_error(reply)) {
        redis_link_reset(link, redis_push_error(reply));
        return;
    }
    if (link->count)
        return; /* the last answer of the greeting counts */
    link->state = UP;
    kill_ghost(link);
    link->events.on_up(link->events.arg);
}

/* INFO says which Redis this is: only there the former id means anything. A
 * user may lack the right to ask. But a Redis that takes no more clients, or
 * none from elsewhere, says so to whatever comes first, and closes. */
static void on_info(void *arg, const struct redisReply *reply)
{
    struct redis_link *link = arg;
    const char *objection = redis_push_error(reply);
    snprintf(link->objection, sizeof link->objection, "%s",
             objection ? objection : "");
    char run_id[sizeof link->run_id] = "";
    const char *text = redis_push_text(reply);
    const char *found = text ? strstr(text, "run_id:") : NULL;
    if (found)
        sscanf(found, "run_id:%40[0-9a-f]", run_id);
    bool is_same = run_id[0] && strcmp(run_id, link->run_id) == 0;
    link->ghost_id = is_same ? link->id : 0;
    memcpy(link->run_id, run_id, sizeof link->run_id);
    link->id = 0;
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
    snprintf(database, sizeof database, "%u", url->database);
    struct bytes auth[3] = {BYTES_LITERAL("AUTH"), bytes_of(url->user),
                            bytes_of(url->password)};
    if (url->password && url->user)
        send_now(link, auth, 3, on_greeted, link);
    if (url->password && !url->user) {
        auth[1] = auth[2];
        send_now(link, auth, 2, on_greeted, link);
    }
    const struct bytes info[] = {BYTES_LITERAL("INFO"),
                                 BYTES_LITERAL("server")};
    const struct bytes id[] = {BYTES_LITERAL("CLIENT"), BYTES_LITERAL("ID")};
    const struct bytes select[] = {BYTES_LITERAL("SELECT"),
                                   bytes_of(database)};
    send_now(link, info, 2, on_info, link);
    send_now(link, id, 2, on_id, link);
    send_now(link, select, 2, on_greeted, link);
}

static void handle_reply(struct redis_link *link, const redisReply *reply)
{
    if (link->events.on_push && redis_push_is_one(reply)) {
        link->events.on_push(link->events.arg, reply);
        return;
    }
    if (!link->count) {
        redis_link_reset(link, reply->type == REDIS_REPLY_ERROR
                                   ? reply->str
                                   : "an answer nobody asked for");
        return;
    }
    struct pending pending = take_pending(link);
    if (link->events.round_trips)
        metrics_observe(link->events.round_trips, DISTRIBUTION_REDIS_ROUND_TRIP,
                        link->heard_ns - pending.sent_ns);
    if (pending.answer)
        pending.answer(pending.arg, reply);
}

static void read_replies(struct redis_link *link)
{
    link->heard_ns = clock_steady_ns();
    /* with TLS it has room for a whole record: nothing is left behind, where
     * the socket would not tell of it */
    if (redisBufferRead(link->context) == REDIS_ERR) {
        reset_broken(link);
        return;
    }
    redisContext *context = link->context;
    while (link->context == context) { /* a reset may come in between */
        void *reply = NULL;
        if (redisGetReplyFromReader(context, &reply) == REDIS_ERR) {
            redis_link_reset(link, context->errstr);
            return;
        }
        if (!reply)
            return;
        handle_reply(link, reply);
        freeReplyObject(reply);
    }
}

static void start_greeting(struct redis_link *link)
{
    link->state = GREETING;
    loop_watch_set(link->watch, LOOP_READABLE);
    greet(link);
}

static void shake_hands(struct redis_link *link)
{
    switch (redis_tls_shake(link->ssl)) {
    case REDIS_TLS_DONE:
        start_greeting(link);
        break;
    case REDIS_TLS_READS:
        loop_watch_set(link->watch, LOOP_READABLE);
        break;
    case REDIS_TLS_WRITES:
        loop_watch_set(link->watch, LOOP_WRITABLE);
        break;
    case REDIS_TLS_FAILED:
        reset_broken(link);
    }
}

static void start_tls(struct redis_link *link)
{
    struct error why;
    link->state = SECURING;
    link->ssl = redis_tls_begin(link->tls, link->context, &why);
    if (link->ssl)
        shake_hands(link);
    else
        redis_link_reset(link, why.text);
}

static void on_connected(struct redis_link *link)
{
    int why = 0;
    socklen_t len = sizeof why;
    getsockopt(link->context->fd, SOL_SOCKET, SO_ERROR, &why, &len);
    if (why) {
        redis_link_reset(link, strerror(why));
        return;
    }
    link->context->flags |= REDIS_CONNECTED;
    if (link->tls)
        start_tls(link);
    else
        start_greeting(link);
}

static void on_ready(void *arg, unsigned events)
{
    struct redis_link *link = arg;
    if (link->state == CONNECTING) {
        on_connected(link);
        return;
    }
    if (link->state == SECURING) {
        shake_hands(link);
        return;
    }
    if (events & LOOP_READABLE)
        read_replies(link);
    if (events & LOOP_WRITABLE && link->context)
        flush(link);
}

static void connect_now(struct redis_link *link)
{
    const struct redis_url *url = link->url;
    link->context = url->path ? redisConnectUnixNonBlock(url->path)
                              : redisConnectNonBlock(url->host, url->port);
    PANIC_IF(!link->context);
#if HIREDIS_MAJOR >= 1
    link->context->reader->maxelements = ELEMENTS_MAX;
#endif
    link->state = CONNECTING;
    link->due_ms = clock_steady_ms() + link->options->connect_ms;
    if (link->context->err) {
        redis_link_reset(link, link->context->errstr);
        return;
    }
    link->watch = loop_watch_new(link->loop, link->context->fd, LOOP_WRITABLE,
                                 on_ready, link);
    if (!link->watch)
        redis_link_reset(link, "the socket cannot be watched");
}

/* Redis answers in order: the oldest command tells whether it still does.
 * Bytes of a long answer on their way are a sign of life too. */
static bool is_overdue(const struct redis_link *link, uint64_t now)
{
    if (link->state != UP)
        return now >= link->due_ms;
    if (!link->count)
        return false;
    uint64_t since_ns = link->pending[link->first].sent_ns;
    if (link->heard_ns > since_ns)
        since_ns = link->heard_ns;
    return now - since_ns / 1000000 >
           link->options->timeout_ms + link->patience_ms;
}

static void ask_for_life(struct redis_link *link)
{
    const struct bytes ping[] = {BYTES_LITERAL("PING")};
    uint64_t silent_ns = clock_steady_ns() - link->heard_ns;
    if (link->state == UP && !link->count && silent_ns > 1000000000)
        redis_link_send(link, ping, 1, NULL, NULL);
}

static void on_check(void *arg)
{
    struct redis_link *link = arg;
    if (!is_overdue(link, clock_steady_ms())) {
        ask_for_life(link);
        return;
    }
    if (link->state == WAITING)
        connect_now(link);
    else
        redis_link_reset(link, link->state == SECURING
                                   ? "TLS: no answer in time"
                                   : "no answer in time");
}

struct redis_link *redis_link_new(struct loop *loop, const char *name,
                                  const struct redis_options *options,
                                  const struct redis_url *url,
                                  const struct redis_tls *tls,
                                  const struct redis_link_events *events)
{
    struct redis_link *link = memory_new(1, sizeof *link);
    link->loop = loop;
    link->name = name;
    link->options = options;
    link->url = url;
    link->tls = tls;
    link->events = *events;
    link->backoff = (struct backoff){options->backoff_ms,
                                     options->backoff_max_ms, 0};
    link->check = loop_timer_new(loop, CHECK_MS, CHECK_MS, on_check, link);
    connect_now(link);
    return link;
}

void redis_link_free(struct redis_link *link)
{
    if (!link)
        return;
    link->state = WAITING;
    disconnect(link);
    fail_pending(link);
    loop_timer_free(link->check);
    free(link->pending);
    free(link);
}

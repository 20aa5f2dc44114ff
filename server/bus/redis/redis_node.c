#include "bus/redis/redis_node.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_slots.h"
#include "bus/redis/redis_writes.h"

enum { ECHO_MS = 400 };

/* ---- echoes ------------------------------------------------------------- */

static void lose(struct redis_node *node)
{
    node->is_proven = false;
    node->needed = UINT64_MAX;
    redis_echo_forgive(&node->echoes);
    node->events->on_changed(node->events->arg);
}

static void on_echo_sent(void *arg, const struct redisReply *reply)
{
    struct redis_node *node = arg;
    bool is_accepted = !redis_push_error(reply);
    if (!reply)
        return;
    redis_echo_answered(&node->echoes, is_accepted && node->is_subscribed,
                        clock_steady_ms());
    if (is_accepted)
        return;
    /* MOVED: another channel, when the table is right */
    node->is_disowned |= redis_push_has_error(reply, "MOVED");
    lose(node);
    node->events->on_doubt(node->events->arg);
}

static void send_echo(struct redis_node *node)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRIu64, ++node->echoes.sent);
    const struct bytes words[] = {BYTES_LITERAL("SPUBLISH"),
                                  bytes_of(node->echo), bytes_of(number)};
    node->echo_ms = clock_steady_ms() + ECHO_MS;
    redis_link_send(node->commands, words, 3, on_echo_sent, node);
}

static void connect_anew(struct redis_node *node, const char *why)
{
    redis_link_reset(node->commands, why);
    redis_link_reset(node->subscriptions, why);
}

static void prove(struct redis_node *node)
{
    if (node->loaded < SCRIPT_COUNT || !node->is_subscribed || !node->echo)
        return;
    if (redis_server_differs(redis_link_server(node->commands),
                             redis_link_server(node->subscriptions))) {
        connect_anew(node, "its links reach different servers");
        return;
    }
    node->is_disowned = false;
    node->needed = node->echoes.sent + 1;
    send_echo(node);
}

static void on_echo(struct redis_node *node, struct bytes text)
{
    if (!redis_echo_take(&node->echoes, text, clock_steady_ms()))
        return;
    uint64_t number = node->echoes.heard;
    node->events->on_echo(node->events->arg, node->subscriptions, number);
    if (number < node->needed || node->is_proven)
        return;
    node->is_proven = node->is_new = true;
    const struct redis_server *server = redis_link_server(node->commands);
    if (!redis_server_has_same_data(&node->server, server))
        node->is_other = true;
    node->server = *server;
    redis_link_settle(node->commands);
    redis_link_settle(node->subscriptions);
    node->events->on_changed(node->events->arg);
}

static void subscribe_echo(struct redis_node *node)
{
    const struct bytes words[] = {BYTES_LITERAL("SSUBSCRIBE"),
                                  bytes_of(node->echo ? node->echo : "")};
    node->is_subscribed = node->is_disowned = false;
    if (node->echo)
        redis_link_push(node->subscriptions, words, 2);
}

/* ---- a node's links ----------------------------------------------------- */

static void on_loaded(void *arg, const struct redisReply *reply)
{
    struct redis_node *node = arg;
    const char *sha = redis_push_text(reply);
    if (!reply)
        return;
    if (!sha) {
        redis_link_reset(node->commands, redis_push_error(reply));
        return;
    }
    if (++node->loaded == SCRIPT_COUNT)
        prove(node);
}

static void on_commands_up(void *arg)
{
    struct redis_node *node = arg;
    node->loaded = 0;
    for (enum redis_script i = 0; i < SCRIPT_COUNT; i++) {
        const struct bytes words[] = {BYTES_LITERAL("SCRIPT"),
                                      BYTES_LITERAL("LOAD"),
                                      redis_script_source(i)};
        redis_link_send(node->commands, words, 3, on_loaded, node);
    }
    redis_link_hurry(node->subscriptions);
}

static void on_commands_down(void *arg)
{
    struct redis_node *node = arg;
    node->loaded = 0;
    lose(node);
    redis_echo_cut(&node->echoes);
    node->events->on_doubt(node->events->arg);
}

static void on_subscriptions_up(void *arg)
{
    struct redis_node *node = arg;
    subscribe_echo(node);
    node->events->on_back(node->events->arg);
}

static void on_subscriptions_down(void *arg)
{
    struct redis_node *node = arg;
    node->is_subscribed = false;
    lose(node);
    node->events->on_doubt(node->events->arg);
    node->events->on_lost(node->events->arg);
}

static void on_push(void *arg, const struct redisReply *reply)
{
    struct redis_node *node = arg;
    struct redis_push push;
    node->echoes.pushes++;
    bool is_echo = node->echo && redis_push_read(reply, &push) &&
                   bytes_equal(push.channel, bytes_of(node->echo));
    if (!is_echo) {
        node->events->on_push(node->events->arg, reply);
    } else if (push.kind == PUSH_MESSAGE) {
        on_echo(node, push.text);
    } else if (push.kind == PUSH_SUBSCRIBED) {
        node->is_subscribed = true;
        prove(node);
    } else {
        node->is_subscribed = false;
        node->is_disowned = true;
        lose(node);
        node->events->on_doubt(node->events->arg);
    }
}

/* Errors not handled by redis_send.c. */
static void on_refused(void *arg, const struct redisReply *reply)
{
    struct redis_node *node = arg;
    const char *error = redis_push_error(reply);
    if (redis_push_is_redirection(reply) ||
        redis_writes_is_refusal(node->bus, reply))
        return;
    if (redis_is_passing_error(reply))
        redis_link_reset(node->commands, error);
    else
        log_limited(LOG_ERROR, 1, "Redis command refused",
                    LOG_TEXT("error", error));
}

static const char *judge_node(void *arg, const struct redis_server *server)
{
    struct redis_node *node = arg;
    const char *misfit = node->events->judge(node->events->arg, server);
    if (misfit)
        node->events->on_doubt(node->events->arg);
    return misfit;
}

static void connect_now(struct redis_node *node)
{
    struct redis_bus *bus = node->bus;
    const struct redis_tls *tls = bus->url.has_tls ? bus->tls : NULL;
    const struct redis_link_events commands = {.judge = judge_node,
                                               .on_up = on_commands_up,
                                               .on_down = on_commands_down,
                                               .on_refused = on_refused,
                                               .arg = node,
                                               .round_trips = &bus->metrics,
                                               .reason = &bus->reason};
    const struct redis_link_events subscriptions = {
        .judge = judge_node,
        .on_up = on_subscriptions_up,
        .on_down = on_subscriptions_down,
        .on_push = on_push,
        .arg = node,
        .reason = &bus->reason};
    node->needed = UINT64_MAX;
    snprintf(node->labels[0], REDIS_LABEL_MAX, "commands %.20s:%u", node->host,
             node->url.port);
    snprintf(node->labels[1], REDIS_LABEL_MAX, "subscriptions %.16s:%u",
             node->host, node->url.port);
    node->commands = redis_link_new(bus->loop, node->labels[0], bus->options,
                                    &node->url, tls, &commands);
    node->subscriptions =
        redis_link_new(bus->loop, node->labels[1], bus->options, &node->url,
                       tls, &subscriptions);
}

void redis_node_disconnect(struct redis_node *node)
{
    struct redis_link *commands = node->commands;
    struct redis_link *subscriptions = node->subscriptions;
    node->commands = node->subscriptions = NULL;
    node->is_proven = node->is_subscribed = false;
    redis_link_free(commands);
    redis_link_free(subscriptions);
    free(node->echo);
    node->echo = NULL;
}

void redis_node_check(struct redis_node *node, uint64_t now_ms,
                      uint64_t late_ms)
{
    bool is_ready = node->loaded == (unsigned)SCRIPT_COUNT &&
                    node->is_subscribed && node->echo;
    redis_echo_excuse(&node->echoes, late_ms);
    uint32_t timeout_ms = node->bus->options->timeout_ms;
    if (redis_echo_is_late(&node->echoes, timeout_ms, now_ms)) {
        metrics_add(&node->bus->metrics, METRIC_REDIS_DEAF, 1);
        redis_echo_forgive(&node->echoes);
        redis_link_reset(
            node->subscriptions,
            "messages published by this instance do not come back");
    } else if (is_ready && now_ms >= node->echo_ms) {
        if (node->needed == UINT64_MAX && !node->is_disowned)
            prove(node); /* an echo was refused */
        else
            send_echo(node);
    }
}

uint64_t redis_node_echo(struct redis_node *node)
{
    send_echo(node);
    return node->echoes.sent;
}

static bool owns(const struct redis_node *node, const char *channel)
{
    return node->events->owns(node->events->arg, node,
                              redis_slot_of(bytes_of(channel)));
}

/* A channel of this instance in one of the node's slots. */
static char *choose_echo(const struct redis_node *node)
{
    enum { TRIES = 1000000 };
    for (unsigned i = 0; i < TRIES; i++) {
        char name[64];
        snprintf(name, sizeof name, "{echo:%u}:%s", i, node->bus->id);
        char *full = redis_name(node->bus, name);
        if (owns(node, full))
            return full;
        free(full);
    }
    return NULL;
}

void redis_node_place(struct redis_node *node)
{
    if (!node->commands)
        connect_now(node);
    if (!node->echo || !owns(node, node->echo)) {
        free(node->echo);
        node->echo = choose_echo(node);
        subscribe_echo(node);
    } else if (node->is_disowned) { /* INFO says which data it has now */
        connect_anew(node, "it was no master for a while");
    }
}

struct redis_node *redis_node_new(struct redis_bus *bus, const char *host,
                                  uint16_t port,
                                  const struct redis_node_events *events)
{
    struct redis_node *node = memory_new(1, sizeof *node);
    node->bus = bus;
    node->events = events;
    node->url = bus->url;
    snprintf(node->host, sizeof node->host, "%s", host);
    node->url.host = node->host;
    node->url.port = port;
    return node;
}

void redis_node_free(struct redis_node *node)
{
    redis_node_disconnect(node);
    free(node);
}

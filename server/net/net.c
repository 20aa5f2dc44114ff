#include "net/net.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "messaging/hub.h"
#include "net/drain.h"
#include "net/listen/listeners.h"
#include "net/lws_settings.h"
#include "net/reactor_run.h"

enum { HTTP_SOCKETS = 768 }; /* in addition to limits.connections */

static bool make_reactors(struct net *net, struct error *error)
{
    for (uint32_t i = 0; i < net->options.workers; i++) {
        net->reactors[i] = reactor_new(net, i);
        if (!net->reactors[i])
            return error_set(error, "libwebsockets cannot be set up (is "
                                    "libwebsockets-evlib-uv installed?)");
    }
    return true;
}

struct net *net_new(const struct net_options *options,
                    const struct instance *instance, const struct auth *auth,
                    const struct protocol *const *protocols,
                    struct error *error)
{
    struct net *net = memory_new(1, sizeof *net);
    net->options = *options;
    net->instance = instance;
    net->auth = auth;
    net->tls = options->tls;
    net->trusted_proxies = trusted_proxies_new(&options->trusted_proxies,
                                               options->forwarded_header);
    net->protocols = protocols;
    net->ip_counts = ip_counts_new();
    net->reactors = memory_new(options->workers, sizeof(struct reactor *));
    uint32_t connections = instance->options->limits.connections;
    net->sockets_max = connections + HTTP_SOCKETS;
    net->has_admin = listeners_have_admin(options);
    descriptors_prepare(&net->descriptors,
                        net->sockets_max +
                            (net->has_admin ? ADMIN_SOCKETS_MAX : 0),
                        options->workers);
    lws_settings_prepare();
    if (make_reactors(net, error) && listeners_open(net, error)) {
        descriptors_warn(&net->descriptors, connections);
        return net;
    }
    net_join(net);
    net_free(net);
    return NULL;
}

static void each_reactor(const struct net *net, void (*act)(struct reactor *))
{
    for (uint32_t i = 0; i < net->options.workers; i++)
        if (net->reactors[i])
            act(net->reactors[i]);
}

void net_start(struct net *net, struct api *api)
{
    net->api = api;
    each_reactor(net, reactor_start);
}

/* An object that threads use without a lock, and its release. */
struct retired {
    void *object;
    void (*free_object)(void *object);
    _Atomic uint32_t reactors; /* that may still use it */
};

static void let_go(void *subject, void *object)
{
    (void)object;
    struct retired *retired = subject;
    if (atomic_fetch_sub(&retired->reactors, 1) > 1)
        return;
    retired->free_object(retired->object);
    free(retired);
}

/* Reactors use the object at most for one turn: once each has run an item of
 * its inbox, it is unused. */
static void retire(struct net *net, void *object,
                   void (*free_object)(void *object))
{
    struct retired *retired = memory_new(1, sizeof *retired);
    retired->object = object;
    retired->free_object = free_object;
    retired->reactors = net->options.workers;
    for (uint32_t i = 0; i < net->options.workers; i++)
        inbox_post(&net->reactors[i]->worker.inbox,
                   (struct inbox_item){let_go, retired, NULL});
}

static void free_auth(void *auth)
{
    auth_free(auth);
}

void net_use_auth(struct net *net, struct auth *auth)
{
    const struct auth *old = atomic_exchange(&net->auth, auth);
    retire(net, (void *)old, free_auth);
}

static void free_trusted_proxies(void *proxies)
{
    trusted_proxies_free(proxies);
}

void net_use_trusted_proxies(struct net *net, const struct text_list *ranges,
                             enum forwarded_header header)
{
    const struct trusted_proxies *old = atomic_exchange(
        &net->trusted_proxies, trusted_proxies_new(ranges, header));
    retire(net, (void *)old, free_trusted_proxies);
}

bool net_has_room(const struct net *net, const char **why)
{
    if (net->connections >= net->instance->options->limits.connections)
        *why = "limits.connections is reached";
    else if (net->sockets >= net->sockets_max)
        *why = "Too many sockets are open";
    else if (net->descriptors.are_short)
        *why = "No file descriptors are left";
    else
        return true;
    return false;
}

void net_hand_over(struct net *net)
{
    net->has_successor = true;
    net_drain(net);
}

void net_drain(struct net *net)
{
    net->is_draining = true;
    each_reactor(net, drain_begin);
}

void net_stop(struct net *net)
{
    each_reactor(net, reactor_stop);
}

bool net_is_over(const struct net *net)
{
    return net->running == 0;
}

uint64_t net_silence_ms(const struct net *net)
{
    uint64_t now = clock_steady_ms();
    uint64_t longest = 0;
    for (uint32_t i = 0; i < net->options.workers; i++) {
        uint64_t ticked = net->reactors[i]->ticked_ms;
        if (now > ticked && now - ticked > longest)
            longest = now - ticked;
    }
    return longest;
}

void net_join(struct net *net)
{
    each_reactor(net, reactor_join);
}

/* Items of one inbox may post to another: repeats until all are empty. */
static void drain_inboxes(struct net *net)
{
    bool had_work = true;
    while (had_work) {
        had_work = false;
        for (uint32_t i = 0; i < net->options.workers; i++)
            if (net->reactors[i] && reactor_drain_inbox(net->reactors[i]))
                had_work = true;
    }
}

void net_free(struct net *net)
{
    each_reactor(net, reactor_finish);
    drain_inboxes(net);
    each_reactor(net, reactor_free);
    ip_counts_free(net->ip_counts);
    free_trusted_proxies((void *)net->trusted_proxies);
    free(net->reactors);
    free(net);
}

uint64_t net_metric(const struct net *net, enum metric metric)
{
    const struct metrics *all[HUB_WORKERS_MAX];
    uint32_t count = net->options.workers;
    for (uint32_t i = 0; i < count; i++)
        all[i] = &net->reactors[i]->worker.metrics;
    return metrics_sum(all, count, metric);
}

void net_write_metrics(const struct net *net, const struct metrics *const *more,
                       size_t more_count, struct buffer *out)
{
    const struct metrics *all[HUB_WORKERS_MAX + NET_METRICS_MORE];
    uint32_t count = net->options.workers;
    for (uint32_t i = 0; i < count; i++)
        all[i] = &net->reactors[i]->worker.metrics;
    PANIC_IF(more_count > NET_METRICS_MORE);
    for (size_t i = 0; i < more_count; i++)
        if (more[i])
            all[count++] = more[i];
    metrics_write(all, count, out);
}

#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <libwebsockets.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/listen_socket.h"
#include "net/listener.h"
#include "net/reactor.h"

enum { OTHER_DESCRIPTORS = 256, HTTP_SOCKETS = 768 };

/* libwebsockets' own messages: only errors, and only some of them, since a
 * peer can cause them at will. Its function of this name writes them into one
 * buffer for all threads; a program's own definition is the one that counts. */
void _lws_logv(int level, const char *format, va_list arguments)
{
    char line[256];
    if (!(level & LLL_ERR))
        return;
    vsnprintf(line, sizeof line, format, arguments);
    struct bytes text = bytes_of(line);
    while (text.len && text.data[text.len - 1] == '\n')
        text.len--;
    log_limited(LOG_WARN, 5, "libwebsockets", LOG_BYTES("text", text));
}

/* With an allocator of ours the library drops a statistics counter that all
 * threads would write. */
static void *reallocate(void *memory, size_t size, const char *reason)
{
    (void)reason;
    if (size)
        return memory_resize(memory, size, 1); /* it would go on without */
    free(memory);
    return NULL;
}

/* libwebsockets sizes its tables by the limit of open files and walks over
 * them at each close: so no more than is needed. Only root may raise the hard
 * limit. */
static uint32_t set_descriptor_limit(uint32_t connections)
{
    rlim_t wanted = (rlim_t)connections + HTTP_SOCKETS + OTHER_DESCRIPTORS;
    struct rlimit limit;
    PANIC_IF(getrlimit(RLIMIT_NOFILE, &limit));
    struct rlimit raised = {wanted, limit.rlim_max};
    if (raised.rlim_max < wanted)
        raised.rlim_max = wanted;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return (uint32_t)wanted;
    limit.rlim_cur = limit.rlim_max;
    PANIC_IF(setrlimit(RLIMIT_NOFILE, &limit));
    log_event(LOG_WARN, "Fewer open files are allowed than connections",
              LOG_NUMBER("allowed", limit.rlim_cur),
              LOG_NUMBER("wanted", wanted));
    return (uint32_t)limit.rlim_cur;
}

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

static bool bind_all(struct net *net, struct error *error)
{
    const struct net_options *options = &net->options;
    net->port = options->port;
    if (net->port &&
        !listen_socket_port_is_free(options->host, net->port, error))
        return false;
    for (uint32_t i = 0; i < options->workers; i++) {
        int fd = listen_socket_bind(options->host, &net->port, error);
        if (fd < 0)
            return false;
        listener_new(net->reactors[i], fd);
    }
    return true;
}

/* Every descriptor has a reactor, since what waits in its queue is lost when
 * it is closed; and every reactor has a descriptor, shared if need be. */
static bool take_listeners(struct net *net, struct error *error)
{
    const struct net_options *options = &net->options;
    uint32_t given = options->listener_count;
    uint32_t wanted = given > options->workers ? given : options->workers;
    for (uint32_t i = 0; i < wanted; i++) {
        int fd = options->listeners_from + (int)(i % given);
        if (i >= given)
            fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
            return error_set(error, "cannot share a descriptor: %s",
                             strerror(errno));
        listener_new(net->reactors[i % options->workers], fd);
    }
    char address[IP_ADDRESS_TEXT];
    net->port = listen_socket_address(options->listeners_from, address);
    return true;
}

static bool listen_all(struct net *net, struct error *error)
{
    return net->options.listener_count ? take_listeners(net, error)
                                       : bind_all(net, error);
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
    lws_set_log_level(LLL_ERR, NULL);
    lws_set_allocator(reallocate);
    uint32_t descriptors =
        set_descriptor_limit(instance->options->limits.connections);
    net->sockets_max = descriptors > OTHER_DESCRIPTORS
                           ? descriptors - OTHER_DESCRIPTORS
                           : descriptors / 2;
    if (make_reactors(net, error) && listen_all(net, error))
        return net;
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

/* Something that threads looked at without a lock, and its end. */
struct retired {
    void *object;
    void (*free_object)(void *object);
    _Atomic uint32_t reactors; /* that may still be looking */
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

/* What a reactor took it keeps no longer than a turn: when each has run an
 * item of its inbox, nobody looks any more. */
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

int *net_listeners(const struct net *net, uint32_t *count)
{
    uint32_t room = net->options.workers + net->options.listener_count;
    int *fds = memory_new(room, sizeof *fds);
    *count = 0;
    for (uint32_t i = 0; i < net->options.workers; i++)
        *count += listener_list(net->reactors[i], fds + *count);
    return fds;
}

void net_hand_over(struct net *net)
{
    net->has_successor = true;
    net_drain(net);
}

void net_drain(struct net *net)
{
    net->is_draining = true;
    each_reactor(net, reactor_drain);
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

/* What one inbox holds may post to another: round and round until all are
 * empty. */
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

void net_write_metrics(const struct net *net,
                       const struct metrics *const *more, size_t more_count,
                       struct buffer *out)
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

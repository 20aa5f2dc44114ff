#include "net/listen/listeners.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/listen/listener.h"
#include "net/reactor.h"

/* ---- handed over --------------------------------------------------------- */

static bool is_handed(const struct net_options *options,
                      enum listener_kind kind)
{
    for (uint32_t i = 0; i < options->handed_count; i++)
        if (options->handed[i].kind == kind)
            return true;
    return false;
}

/* Reactors from `first` on get duplicates: a Unix socket cannot be bound twice,
 * and there may be fewer passed sockets than reactors. */
static bool share(struct net *net, enum listener_kind kind, int fd,
                  uint32_t first, struct error *error)
{
    for (uint32_t i = first; i < net->options.workers; i++) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0)
            return error_set(error, "cannot share a descriptor: %s",
                             strerror(errno));
        listener_new(net->reactors[i], kind, copy, true);
    }
    return true;
}

/* Every descriptor needs a reactor, because closing it loses its queue, and
 * every reactor needs a descriptor. */
static bool take(struct net *net, enum listener_kind kind, struct error *error)
{
    const struct net_options *options = &net->options;
    uint32_t taken = 0;
    int last = -1;
    for (uint32_t i = 0; i < options->handed_count; i++) {
        if (options->handed[i].kind != kind)
            continue;
        last = options->handed[i].fd;
        listener_new(net->reactors[taken++ % options->workers], kind, last,
                     false);
    }
    return share(net, kind, last, taken, error);
}

/* ---- bound --------------------------------------------------------------- */

static bool bind_port(struct net *net, enum listener_kind kind,
                      const char *host, uint32_t port, struct error *error)
{
    if (port && !listen_socket_port_is_free(host, port, error))
        return false;
    for (uint32_t i = 0; i < net->options.workers; i++) {
        int fd = listen_socket_bind(host, &port, error);
        if (fd < 0)
            return false;
        listener_new(net->reactors[i], kind, fd, false);
    }
    return true;
}

static bool bind_path(struct net *net, const char *path, struct error *error)
{
    int fd = listen_socket_bind_path(path, error);
    if (fd < 0)
        return false;
    listener_new(net->reactors[0], LISTENER_ADMIN_SOCKET, fd, false);
    return share(net, LISTENER_ADMIN_SOCKET, fd, 1, error);
}

static bool bind_kind(struct net *net, enum listener_kind kind,
                      struct error *error)
{
    const struct net_options *options = &net->options;
    switch (kind) {
    case LISTENER_PUBLIC:
        return bind_port(net, kind, options->host, options->port, error);
    case LISTENER_ADMIN:
        return !options->admin->host ||
               bind_port(net, kind, options->admin->host, options->admin->port,
                         error);
    default:
        return !options->admin->socket ||
               bind_path(net, options->admin->socket, error);
    }
}

/* ---- both ---------------------------------------------------------------- */

struct listen_socket *listeners_list(const struct net *net, uint32_t *count)
{
    uint32_t room =
        LISTENER_KINDS * net->options.workers + net->options.handed_count;
    struct listen_socket *sockets = memory_new(room, sizeof *sockets);
    *count = 0;
    for (uint32_t i = 0; i < net->options.workers; i++)
        *count += listener_list(net->reactors[i], sockets + *count);
    return sockets;
}

static void note_ports(struct net *net)
{
    uint32_t count;
    char address[IP_ADDRESS_TEXT];
    struct listen_socket *sockets = listeners_list(net, &count);
    for (uint32_t i = 0; i < count; i++)
        net->ports[sockets[i].kind] =
            listen_socket_address(sockets[i].fd, address);
    free(sockets);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t count_all(const struct net *net)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < net->options.workers; i++)
        count += listener_count(net->reactors[i]);
    /* there may be more passed sockets */
    return smaller(count, net->options.workers * LISTENER_KINDS);
}

bool listeners_have_admin(const struct net_options *options)
{
    return options->admin->host || options->admin->socket ||
           is_handed(options, LISTENER_ADMIN) ||
           is_handed(options, LISTENER_ADMIN_SOCKET);
}

bool listeners_open(struct net *net, struct error *error)
{
    for (unsigned kind = 0; kind < LISTENER_KINDS; kind++)
        if (!(is_handed(&net->options, kind) ? take : bind_kind)(net, kind,
                                                                 error))
            return false;
    note_ports(net);
    net->descriptors.listeners = count_all(net);
    return true;
}

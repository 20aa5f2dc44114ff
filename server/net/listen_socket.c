#include "net/listen_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

enum {
    BACKLOG = 4096,
    SEND_BUFFER = 256 * 1024 /* a dead reader must not hold megabytes */
};

static struct addrinfo *resolve(const char *host, uint32_t port,
                                struct error *error)
{
    char service[16];
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    snprintf(service, sizeof service, "%u", port);
    int failed = getaddrinfo(host, service, &hints, &found);
    if (failed)
        error_set(error, "cannot resolve host %s: %s", host,
                  gai_strerror(failed));
    return failed ? NULL : found;
}

static void set_option(int fd, int level, int option, int value)
{
    /* none of these can fail on a TCP socket but for want of memory */
    PANIC_IF(setsockopt(fd, level, option, &value, sizeof value));
}

/* Accepted sockets inherit these two. */
static void set_inherited(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
}

static int bind_to(const struct addrinfo *address, bool share_port)
{
    int fd = socket(address->ai_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (share_port)
        set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    set_inherited(fd);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int bind_host(const char *host, uint32_t port, bool share_port,
                     struct error *error)
{
    struct addrinfo *address = resolve(host, port, error);
    if (!address)
        return -1;
    int fd = bind_to(address, share_port);
    if (fd < 0)
        error_set(error, "cannot listen on %s port %u: %s", host, port,
                  strerror(errno));
    freeaddrinfo(address);
    return fd;
}

bool listen_socket_port_is_free(const char *host, uint32_t port,
                                struct error *error)
{
    int fd = bind_host(host, port, false, error);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static struct sockaddr_storage own_address(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof address;
    PANIC_IF(getsockname(fd, (struct sockaddr *)&address, &len));
    return address;
}

/* The port stands at the same place for IPv4 and IPv6. */
static uint32_t port_of(const struct sockaddr *address)
{
    return ntohs(
        ((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
}

int listen_socket_bind(const char *host, uint32_t *port, struct error *error)
{
    int fd = bind_host(host, *port, true, error);
    if (fd < 0)
        return -1;
    struct sockaddr_storage bound = own_address(fd);
    *port = port_of((struct sockaddr *)&bound);
    return fd;
}

static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &len) ? -1 : value;
}

bool listen_socket_take(int fd, struct error *error)
{
    int family = option_of(fd, SO_DOMAIN);
    bool is_good = (family == AF_INET || family == AF_INET6) &&
                   option_of(fd, SO_TYPE) == SOCK_STREAM &&
                   option_of(fd, SO_ACCEPTCONN) == 1;
    if (!is_good)
        return error_set(error,
                         "descriptor %d was handed over, and is no listening "
                         "TCP socket",
                         fd);
    /* whoever shares it did not ask for blocking: it only accepts */
    PANIC_IF(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK));
    PANIC_IF(fcntl(fd, F_SETFD, FD_CLOEXEC));
    set_inherited(fd);
    return true;
}

uint32_t listen_socket_address(int fd, char address[IP_ADDRESS_TEXT])
{
    struct sockaddr_storage bound = own_address(fd);
    struct ip_address ip = ip_address_of_socket((struct sockaddr *)&bound);
    ip_address_print(&ip, address);
    return port_of((struct sockaddr *)&bound);
}

bool listen_socket_is_at(int fd, const char *host, uint32_t port)
{
    struct error error;
    struct sockaddr_storage bound = own_address(fd);
    struct addrinfo *wanted = resolve(host, port, &error);
    if (!wanted)
        return false;
    struct ip_address here = ip_address_of_socket((struct sockaddr *)&bound);
    struct ip_address there = ip_address_of_socket(wanted->ai_addr);
    freeaddrinfo(wanted);
    return memcmp(&here, &there, sizeof here) == 0 &&
           (!port || port == port_of((struct sockaddr *)&bound));
}

#include "net/listen/listen_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"

enum {
    BACKLOG = 4096,
    SEND_BUFFER = 256 * 1024, /* a dead reader must not occupy megabytes */
    UNSENT_LOW = 32 * 1024    /* below it the kernel asks for more: so a slow
                                 reader's progress shows in small steps */
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

/* Accepted sockets inherit these options. */
static void set_inherited(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER);
    set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_LOW);
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

/* The port has the same position for IPv4 and IPv6. */
static uint32_t port_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_UNIX)
        return 0;
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

/* ---- Unix sockets -------------------------------------------------------- */

/* Whether the path may be used: it does not exist, or is a stale socket. */
static bool is_left_behind(const struct sockaddr_un *address,
                           struct error *error)
{
    struct stat status;
    const char *path = address->sun_path;
    if (lstat(path, &status))
        return errno == ENOENT || error_set(error, "cannot listen at %s: %s",
                                            path, strerror(errno));
    if (!S_ISSOCK(status.st_mode))
        return error_set(error, "cannot listen at %s: the file is not a socket",
                         path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int failed = connect(fd, (const struct sockaddr *)address, sizeof *address);
    int why = errno;
    close(fd);
    return (failed && why == ECONNREFUSED) ||
           error_set(
               error,
               "cannot listen at %s: another process already listens there",
               path);
}

/* The mode is set before, so that the file never allows more, and after, since
 * the umask may have taken some of it. */
static bool bind_path(int fd, const struct sockaddr_un *address)
{
    enum { MODE = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP };
    unlink(address->sun_path);
    return fchmod(fd, MODE) == 0 &&
           bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
           chmod(address->sun_path, MODE) == 0 && listen(fd, BACKLOG) == 0;
}

int listen_socket_bind_path(const char *path, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (!is_left_behind(&address, error))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind_path(fd, &address))
        return fd;
    error_set(error, "cannot listen at %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* ---- handed over --------------------------------------------------------- */

/* Whether the family is allowed for this kind. */
static bool fits(int family, enum listener_kind kind)
{
    return family == AF_INET || family == AF_INET6 ||
           (family == AF_UNIX && kind != LISTENER_PUBLIC);
}

bool listen_socket_take(struct listen_socket *taken, struct error *error)
{
    int fd = taken->fd;
    int family = option_of(fd, SO_DOMAIN);
    bool is_good = fits(family, taken->kind) &&
                   option_of(fd, SO_TYPE) == SOCK_STREAM &&
                   option_of(fd, SO_ACCEPTCONN) == 1;
    if (!is_good)
        return error_set(
            error,
            "descriptor %d was passed, but is not a listening TCP socket", fd);
    /* another process that shares it only accepts, so non-blocking is safe */
    PANIC_IF(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK));
    PANIC_IF(fcntl(fd, F_SETFD, FD_CLOEXEC));
    if (family == AF_UNIX)
        taken->kind = LISTENER_ADMIN_SOCKET;
    else
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

void listen_socket_print(int fd, char out[LISTEN_PLACE_TEXT])
{
    struct sockaddr_storage bound = own_address(fd);
    char address[IP_ADDRESS_TEXT];
    if (bound.ss_family == AF_UNIX) {
        const struct sockaddr_un *path = (const void *)&bound;
        snprintf(out, LISTEN_PLACE_TEXT, "%.*s", LISTEN_PATH_MAX,
                 path->sun_path);
        return;
    }
    uint32_t port = listen_socket_address(fd, address);
    bool has_colons = strchr(address, ':') != NULL;
    snprintf(out, LISTEN_PLACE_TEXT, has_colons ? "[%s]:%u" : "%s:%u", address,
             port);
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

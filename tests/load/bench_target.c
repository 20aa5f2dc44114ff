/* One source address has about 28,000 ports per target. All of 127.0.0.0/8 is
 * this machine, so more connections use more of its addresses. */
#include "bench_target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "bench_options.h"

enum {
    /* Linux finds the even half of the 28,000 ports at once; for the odd ones,
     * connect() first scans the even half every time. */
    PORTS_OF_A_SOURCE = 10000,
    SOURCES_FOR_CHURN = 16
};

static bool complain(const char *what, const char *why)
{
    fprintf(stderr, "peal-bench: %s: %s\n", what, why);
    return false;
}

static bool take_scheme(struct bench_target *self, const char **url)
{
    static const struct {
        const char *name;
        bool tls;
    } schemes[] = {
        {"ws://", false},
        {"wss://", true},
        {"http://", false},
        {"https://", true},
    };

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i].name);
        if (strncasecmp(*url, schemes[i].name, len) != 0)
            continue;
        self->tls = schemes[i].tls;
        *url += len;
        return true;
    }
    return complain(*url, "a url begins with ws://, wss://, http:// or "
                          "https://");
}

/* The host, with or without the brackets of an IPv6 address. */
static bool take_host(struct bench_target *self, const char **url)
{
    bool bracket = **url == '[';
    const char *start = *url + bracket;
    size_t len = strcspn(start, bracket ? "]" : ":/?");

    if (len == 0 || len >= sizeof self->host)
        return complain(*url, "no host");
    memcpy(self->host, start, len);
    self->host[len] = '\0';
    *url = start + len + (bracket && start[len] == ']');
    return true;
}

static bool take_port(struct bench_target *self, const char **url)
{
    strcpy(self->port, self->tls ? "443" : "80");
    if (**url != ':')
        return true;
    size_t len = strspn(++*url, "0123456789");
    if (len == 0 || len >= sizeof self->port)
        return complain(*url, "no port");
    memcpy(self->port, *url, len);
    self->port[len] = '\0';
    *url += len;
    return true;
}

static bool resolve(struct bench_target *self)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    int error = getaddrinfo(self->host, self->port, &hints, &found);
    if (error)
        return complain(self->host, gai_strerror(error));
    memcpy(&self->address, found->ai_addr, found->ai_addrlen);
    self->address_len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static bool is_loopback4(const struct bench_target *self)
{
    const struct sockaddr_in *in = (const void *)&self->address;

    return in->sin_family == AF_INET &&
           ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool is_loopback(const struct bench_target *self)
{
    const struct sockaddr_in6 *in6 = (const void *)&self->address;

    return is_loopback4(self) || (in6->sin6_family == AF_INET6 &&
                                  IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr));
}

static uint32_t sources_for(const struct bench_target *self,
                            const struct bench_options *options)
{
    if (!is_loopback4(self))
        return 0;
    if (options->sources)
        return (uint32_t)options->sources;

    int64_t all = options->connections + options->base;
    uint32_t enough = (uint32_t)(all / PORTS_OF_A_SOURCE) + 1;
    bool churns = strcmp(options->scenario, "churn") == 0;
    return churns && enough < SOURCES_FOR_CHURN ? SOURCES_FOR_CHURN : enough;
}

bool bench_target_init(struct bench_target *self,
                       const struct bench_options *options, const char *url)
{
    memset(self, 0, sizeof *self);
    if (!take_scheme(self, &url) || !take_host(self, &url) ||
        !take_port(self, &url) || !resolve(self))
        return false;
    if (!is_loopback(self) && !options->allow_remote)
        return complain(self->host, "not this machine; see --allow-remote");
    self->path = *url == '/' ? url : options->path;
    self->sources = sources_for(self, options);
    return true;
}

/* The port is chosen at connect, when the kernel knows the target, so several
 * source addresses can use the same port. */
static int bind_source(const struct bench_target *self, int fd, uint32_t number)
{
    int on = 1;
    uint32_t host = INADDR_LOOPBACK + number % self->sources;
    struct sockaddr_in from = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(host),
    };

    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (struct sockaddr *)&from, sizeof from);
}

int bench_target_socket(const struct bench_target *self, uint32_t number)
{
    int on = 1;
    int fd = socket(self->address.ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (self->sources && bind_source(self, fd, number) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

#include "bus/redis/redis_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/resolver.h"

enum { ELEMENTS_MAX = 16777216, READ_MAX = 65536 };

enum wire_stage { RESOLVING, CONNECTING, SECURING, OPEN };

struct redis_wire {
    /* set once */
    struct loop *loop;
    const struct redis_url *url;
    const struct redis_tls *tls;
    struct redis_wire_events events;
    /* the connection */
    enum wire_stage stage;
    struct resolver *resolver;
    struct loop_timer *poll; /* starts, and asks the resolver */
    struct resolver_result found;
    size_t tried; /* of the addresses */
    int fd;
    struct loop_watch *watch;
    struct ssl_st *ssl; /* or NULL */
    redisReader *reader;
    struct buffer out;
    size_t written;  /* of it */
    bool *is_closed; /* set for the running function when it is closed */
};

static void fail(struct redis_wire *wire, const char *why)
{
    wire->events.on_broken(wire->events.arg, why);
}

/* Fails with the reason of TLS or the system. */
static void fail_broken(struct redis_wire *wire, const char *fallback)
{
    struct error why;
    redis_tls_explain(wire->ssl, fallback, &why);
    fail(wire, why.text);
}

/* ---- out ---------------------------------------------------------------- */

static void watch_output(struct redis_wire *wire)
{
    bool is_done = wire->written == wire->out.len;
    loop_watch_set(wire->watch,
                   is_done ? LOOP_READABLE : LOOP_READABLE | LOOP_WRITABLE);
}

static ssize_t write_some(struct redis_wire *wire, const char *data, size_t len)
{
    if (wire->ssl)
        return redis_tls_write(wire->ssl, data, len);
    ssize_t done = send(wire->fd, data, len, MSG_NOSIGNAL);
    return done < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : done;
}

/* Writes what there is; false when the connection is broken. */
static bool flush(struct redis_wire *wire)
{
    while (wire->written < wire->out.len) {
        ssize_t done = write_some(wire, wire->out.data + wire->written,
                                  wire->out.len - wire->written);
        if (done < 0) {
            fail_broken(wire, strerror(errno));
            return false;
        }
        if (!done)
            break;
        wire->written += (size_t)done;
    }
    if (wire->written == wire->out.len) {
        buffer_clear(&wire->out);
        wire->written = 0;
    }
    watch_output(wire);
    return true;
}

void redis_wire_send(struct redis_wire *wire, const struct bytes *words,
                     size_t count)
{
    PANIC_IF(count > REDIS_WORDS_MAX);
    buffer_append_char(&wire->out, '*');
    buffer_append_uint(&wire->out, count);
    buffer_append(&wire->out, BYTES_LITERAL("\r\n"));
    for (size_t i = 0; i < count; i++) {
        buffer_append_char(&wire->out, '$');
        buffer_append_uint(&wire->out, words[i].len);
        buffer_append(&wire->out, BYTES_LITERAL("\r\n"));
        buffer_append(&wire->out, words[i]);
        buffer_append(&wire->out, BYTES_LITERAL("\r\n"));
    }
    /* the socket becomes writable immediately, so that all commands of this
     * turn are sent as one write */
    loop_watch_set(wire->watch, LOOP_READABLE | LOOP_WRITABLE);
}

/* ---- in ----------------------------------------------------------------- */

/* The number of bytes read, 0 for none now, -1 for a broken connection. */
static ssize_t read_some(struct redis_wire *wire, char *data, size_t size)
{
    if (wire->ssl)
        return redis_tls_read(wire->ssl, data, size);
    ssize_t len = recv(wire->fd, data, size, 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (!len)
        errno = 0; /* closed by the server */
    return len ? len : -1;
}

/* The error for an unknown command quotes its arguments; those of HELLO and
 * AUTH include passwords. */
static void hide_arguments(struct redisReply *reply)
{
    char *arguments = reply->type == REDIS_REPLY_ERROR
                          ? strstr(reply->str, ", with args")
                          : NULL;
    if (arguments)
        *arguments = '\0';
}

/* Passes on the replies; false if the wire is closed meanwhile. */
static bool take_replies(struct redis_wire *wire, bool *is_closed)
{
    for (;;) {
        void *reply = NULL;
        if (redisReaderGetReply(wire->reader, &reply) == REDIS_ERR) {
            fail(wire, wire->reader->errstr);
            return false;
        }
        if (!reply)
            return true;
        hide_arguments(reply);
        wire->events.on_reply(wire->events.arg, reply);
        freeReplyObject(reply);
        if (*is_closed)
            return false;
    }
}

/* With TLS, reads until nothing is left, because the socket does not report
 * records already read by OpenSSL. False if the wire was closed meanwhile. */
static bool read_all(struct redis_wire *wire)
{
    char data[READ_MAX];
    bool is_closed = false;
    wire->is_closed = &is_closed;
    ssize_t len;
    do {
        len = read_some(wire, data, sizeof data);
        if (len > 0) {
            wire->events.on_read(wire->events.arg);
            redisReaderFeed(wire->reader, data, (size_t)len);
            if (!take_replies(wire, &is_closed))
                return false;
        }
    } while (len > 0 && wire->ssl);
    wire->is_closed = NULL;
    if (len < 0)
        fail_broken(wire,
                    errno ? strerror(errno) : "Server closed the connection");
    return len >= 0;
}

/* ---- connecting --------------------------------------------------------- */

static void become_open(struct redis_wire *wire)
{
    wire->stage = OPEN;
    loop_watch_set(wire->watch, LOOP_READABLE);
    wire->events.on_open(wire->events.arg);
}

static void shake_hands(struct redis_wire *wire)
{
    switch (redis_tls_shake(wire->ssl)) {
    case REDIS_TLS_DONE:
        become_open(wire);
        break;
    case REDIS_TLS_READS:
        loop_watch_set(wire->watch, LOOP_READABLE);
        break;
    case REDIS_TLS_WRITES:
        loop_watch_set(wire->watch, LOOP_WRITABLE);
        break;
    case REDIS_TLS_FAILED:
        fail_broken(wire, "TLS: connection closed during the handshake");
    }
}

static void start_tls(struct redis_wire *wire)
{
    wire->stage = SECURING;
    wire->ssl = redis_tls_begin(wire->tls, wire->fd, wire->url->host);
    shake_hands(wire);
}

static void close_socket(struct redis_wire *wire)
{
    redis_tls_end(wire->ssl);
    wire->ssl = NULL;
    loop_watch_free(wire->watch);
    wire->watch = NULL;
    if (wire->fd >= 0)
        close(wire->fd);
    wire->fd = -1;
}

static void connect_next(struct redis_wire *wire, const char *why);

static void on_connected(struct redis_wire *wire)
{
    int why = 0;
    socklen_t len = sizeof why;
    getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &why, &len);
    if (why)
        connect_next(wire, strerror(why));
    else if (wire->tls)
        start_tls(wire);
    else
        become_open(wire);
}

static void on_ready(void *arg, unsigned events)
{
    struct redis_wire *wire = arg;
    if (wire->stage == CONNECTING)
        on_connected(wire);
    else if (wire->stage == SECURING)
        shake_hands(wire);
    else if (!(events & LOOP_READABLE) || read_all(wire))
        if (events & LOOP_WRITABLE)
            flush(wire);
}

/* False when it failed at once; errno says why. */
static bool start_connecting(struct redis_wire *wire, int family,
                             const struct sockaddr *address, socklen_t len)
{
    const int on = 1;
    wire->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        return false;
    if (family != AF_UNIX)
        setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(wire->fd, address, len) < 0 && errno != EINPROGRESS)
        return false;
    wire->watch =
        loop_watch_new(wire->loop, wire->fd, LOOP_WRITABLE, on_ready, wire);
    return wire->watch != NULL;
}

/* The next of the addresses; the last reason counts. */
static void connect_next(struct redis_wire *wire, const char *why)
{
    wire->stage = CONNECTING;
    while (wire->tried < wire->found.count) {
        const struct resolver_address *next = &wire->found.items[wire->tried++];
        close_socket(wire);
        if (start_connecting(wire, next->address.ss_family,
                             (const struct sockaddr *)&next->address,
                             next->len))
            return;
        why = strerror(errno);
    }
    fail(wire, why);
}

static void connect_to_path(struct redis_wire *wire)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    wire->stage = CONNECTING;
    if (strlen(wire->url->path) >= sizeof address.sun_path) {
        fail(wire, "the socket path is too long");
        return;
    }
    strcpy(address.sun_path, wire->url->path);
    if (!start_connecting(wire, AF_UNIX, (const struct sockaddr *)&address,
                          sizeof address))
        fail(wire, strerror(errno));
}

/* Never within redis_wire_open: no event comes before that has returned. */
static void on_poll(void *arg)
{
    struct redis_wire *wire = arg;
    enum resolver_state state = RESOLVER_DONE;
    if (wire->resolver)
        state = resolver_poll(wire->resolver, &wire->found);
    if (state == RESOLVER_WORKING)
        return;
    loop_timer_free(wire->poll);
    wire->poll = NULL;
    if (state == RESOLVER_FAILED)
        fail(wire, wire->found.why);
    else if (wire->url->path)
        connect_to_path(wire);
    else
        connect_next(wire, "the host name has no address");
}

struct redis_wire *redis_wire_open(struct loop *loop,
                                   const struct redis_url *url,
                                   const struct redis_tls *tls,
                                   const struct redis_wire_events *events)
{
    enum { POLL_MS = 5 };
    struct redis_wire *wire = memory_new(1, sizeof *wire);
    wire->loop = loop;
    wire->url = url;
    wire->tls = tls;
    wire->events = *events;
    wire->fd = -1;
    wire->reader = redisReaderCreate();
    PANIC_IF(!wire->reader);
#if HIREDIS_MAJOR >= 1
    wire->reader->maxelements = ELEMENTS_MAX;
#endif
    if (!url->path)
        wire->resolver = resolver_new(url->host, url->port);
    wire->poll = loop_timer_new(loop, 0, POLL_MS, on_poll, wire);
    return wire;
}

void redis_wire_close(struct redis_wire *wire)
{
    if (!wire)
        return;
    if (wire->is_closed)
        *wire->is_closed = true;
    loop_timer_free(wire->poll);
    resolver_free(wire->resolver);
    close_socket(wire);
    redisReaderFree(wire->reader);
    buffer_deinit(&wire->out);
    free(wire);
}

const char *redis_wire_stage(const struct redis_wire *wire)
{
    return wire->stage == SECURING ? "TLS: " : "";
}

/* libwebsockets reads by recv or SSL_read. These two are ours (see
 * overridden.h): they read for everybody, and show what comes for a socket of
 * ours to input.c first. And so is SSL_pending, by which it asks whether to
 * read on. */
#include <limits.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <libwebsockets.h>

#include "base/overridden.h"
#include "net/input.h"
#include "net/reactor.h"

OVERRIDDEN(recv)
OVERRIDDEN(SSL_read)
OVERRIDDEN(SSL_pending)

static ssize_t read_plain(const struct source *from, char *data, size_t len,
                          struct surplus *surplus)
{
    struct iovec parts[] = {{data, len}, {surplus->data, surplus->size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t got = recvmsg(from->fd, &message, from->flags);
    if (got <= (ssize_t)len)
        return got;
    surplus->len = (size_t)got - len;
    return (ssize_t)len;
}

static ssize_t read_tls(const struct source *from, char *data, size_t len,
                        struct surplus *surplus)
{
    (void)surplus;
    return original_SSL_read(from->ssl, data, (int)len);
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
    struct socket *socket = reactor_find_socket(fd);
    const struct source from = {.read = read_plain, .fd = fd, .flags = flags};
    return socket ? input_read(socket, &from, data, len)
                  : original_recv(fd, data, len, flags);
}

/* ---- over TLS --------------------------------------------------------------
 */

/* How often somebody has asked about a connection since it was read from, and
 * how often it was read from since nothing was pending. */
static __thread struct {
    const SSL *ssl;
    unsigned times;
    unsigned reads;
} asked;

/* libwebsockets 4.3 takes a hundred small reads in a row for a loop that went
 * wrong, and closes: what comes then waits for a service of its own. */
static bool rests(const SSL *ssl, int pending)
{
    enum { READS_MAX = LWS_LIBRARY_VERSION_NUMBER < 4002000 ? INT_MAX : 64 };
    struct socket *socket = reactor_find_socket(SSL_get_fd(ssl));
    if (asked.reads < READS_MAX || !socket || !input_is_wanted(&socket->input))
        return false;
    const struct source from = {.read = read_tls, .ssl = (SSL *)ssl};
    input_hold_more(socket, &from, (size_t)pending);
    return true;
}

/* While libwebsockets flushes a closing connection it sets aside what it reads,
 * without consuming it, and looks at that before it reads again: as long as
 * bytes are pending it would go round for ever, and its thread with it. Behind
 * a read it asks twice; who asks more often has not read.
 * It then reads as many bytes as it was told, so there must be room for those
 * held, and for one more behind any that a read leaves to be held. */
int SSL_pending(const SSL *ssl)
{
    enum { TIMES_MAX = 2 };
    if (ssl != asked.ssl)
        asked.times = asked.reads = 0;
    asked.ssl = ssl;
    int pending = original_SSL_pending(ssl);
    if (++asked.times > TIMES_MAX || !pending || rests(ssl, pending)) {
        asked.reads = 0;
        return 0;
    }
    return pending + FRAME_CHECK_HELD;
}

int SSL_read(SSL *ssl, void *data, int len)
{
    if (ssl != asked.ssl)
        asked.reads = 0;
    asked.ssl = ssl;
    asked.times = 0;
    asked.reads++;
    struct socket *socket = reactor_find_socket(SSL_get_fd(ssl));
    const struct source from = {.read = read_tls, .ssl = ssl};
    return socket && len > 0
               ? (int)input_read(socket, &from, data, (size_t)len)
               : original_SSL_read(ssl, data, len);
}

/* The kernel's header, because libc's lacks the byte counts. */
#include "net/acked.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "messaging/worker.h"
#include "net/socket.h"

static bool ask(int fd, struct tcp_info *info)
{
    socklen_t len = sizeof *info;
    *info = (struct tcp_info){0};
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0;
}

enum acked acked_by_peer(const struct connection *connection, uint64_t *bytes)
{
    const struct socket *socket = connection->socket;
    uint32_t silence_ms =
        connection->worker->instance->options->pong_seconds * 1000;
    struct tcp_info info;
    *bytes = 0;
    if (!ask(socket->fd, &info) ||
        (!info.tcpi_unacked && !info.tcpi_notsent_bytes))
        return ACKED_ALL;
    *bytes = info.tcpi_bytes_acked;
    return info.tcpi_last_ack_recv < silence_ms ? ACKED_PART : ACKED_SILENT;
}

bool acked_is_due(int fd, uint64_t age_ms, uint64_t stalled_ms)
{
    enum { LATE_MS = 1000 };
    struct tcp_info info;
    if (!ask(fd, &info) || info.tcpi_last_ack_recv >= age_ms)
        return false;
    uint64_t last_ms = age_ms - info.tcpi_last_ack_recv;
    return last_ms < stalled_ms && age_ms < 2 * last_ms + LATE_MS;
}

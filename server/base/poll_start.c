/* libuv takes a descriptor out of epoll and puts it in again each time that it
 * is told what to poll it for, and libwebsockets tells it several times for
 * each request, mostly what it knows already. This one passes on what is
 * new. */
#include <poll.h>
#include <stdbool.h>

#include <uv.h>

#include "base/overridden.h"

OVERRIDDEN(uv_poll_start)

static bool is_polled_for(const uv_poll_t *poll, int events)
{
    if (events & ~(UV_READABLE | UV_WRITABLE))
        return false;
    unsigned wanted = (events & UV_READABLE ? POLLIN : 0) |
                      (events & UV_WRITABLE ? POLLOUT : 0);
    return uv_is_active((const uv_handle_t *)poll) &&
           poll->io_watcher.pevents == wanted;
}

int uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb on_event)
{
    if (poll->poll_cb == on_event && is_polled_for(poll, events))
        return 0;
    return original_uv_poll_start(poll, events, on_event);
}

/* libuv takes a descriptor out of epoll and puts it in again each time that it
 * is told what to poll it for, and libwebsockets tells it several times for
 * each request, mostly what it knows already. A program's own definition of an
 * exported function is the one that counts: this one passes on what is new. */
#include <dlfcn.h>
#include <poll.h>
#include <stdbool.h>

#include <uv.h>

#include "base/memory.h"

typedef int poll_start(uv_poll_t *poll, int events, uv_poll_cb on_event);

static poll_start *original;

/* Before any thread could look for it at the same time. */
__attribute__((constructor)) static void find_original(void)
{
    original = (poll_start *)dlsym(RTLD_NEXT, "uv_poll_start");
    PANIC_IF(!original);
}

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
    return original(poll, events, on_event);
}

/* After each response libwebsockets waits until the socket is writable before
 * it reads on, which costs a turn of the loop and four system calls: for
 * nothing, because what could be said was said. These two functions of its
 * keep that question from the loop, and answer it at the end of the event that
 * asked. */
#include "net/keep_alive.h"

#include <poll.h>

#include <libwebsockets.h>

#include "base/overridden.h"

OVERRIDDEN(lws_callback_on_writable)
OVERRIDDEN(lws_service_fd_tsi)

/* The event under way. */
static __thread struct {
    int fd; /* -1 between events */
    bool is_completing;
    bool wants_writable;
} current = {.fd = -1};

int lws_callback_on_writable(struct lws *wsi)
{
    if (!current.is_completing)
        return original_lws_callback_on_writable(wsi);
    current.wants_writable = true;
    return 1;
}

int lws_service_fd_tsi(struct lws_context *context, struct lws_pollfd *event,
                       int thread)
{
    struct lws_pollfd writable = {.events = POLLOUT, .revents = POLLOUT};
    current.fd = writable.fd = event ? event->fd : -1;
    int result = original_lws_service_fd_tsi(context, event, thread);
    current.fd = -1;
    if (!current.wants_writable)
        return result;
    current.wants_writable = false;
    return original_lws_service_fd_tsi(context, &writable, thread);
}

bool keep_alive(struct lws *wsi)
{
    current.is_completing = lws_get_socket_fd(wsi) == current.fd;
    bool is_kept = !lws_http_transaction_completed(wsi);
    current.is_completing = false;
    return is_kept;
}

/* After each response libwebsockets waits until the socket is writable before
 * it reads on, which costs a turn of the loop and four system calls: for
 * nothing, because what could be said was said. A program's own definition of
 * an exported function is the one that counts. These two keep that question
 * from the loop, and answer it at the end of the event that asked. */
#include "net/keep_alive.h"

#include <dlfcn.h>
#include <poll.h>

#include <libwebsockets.h>

#include "base/memory.h"

typedef int callback_on_writable(struct lws *wsi);
typedef int service(struct lws_context *context, struct lws_pollfd *event,
                    int thread);

static callback_on_writable *original_callback_on_writable;
static service *original_service;

/* Before any thread could look for them at the same time. */
__attribute__((constructor)) static void find_originals(void)
{
    original_callback_on_writable =
        (callback_on_writable *)dlsym(RTLD_NEXT, "lws_callback_on_writable");
    original_service = (service *)dlsym(RTLD_NEXT, "lws_service_fd_tsi");
    PANIC_IF(!original_callback_on_writable || !original_service);
}

/* The event under way. */
static __thread struct {
    int fd; /* -1 between events */
    bool is_completing;
    bool wants_writable;
} current = {.fd = -1};

int lws_callback_on_writable(struct lws *wsi)
{
    if (!current.is_completing)
        return original_callback_on_writable(wsi);
    current.wants_writable = true;
    return 1;
}

int lws_service_fd_tsi(struct lws_context *context, struct lws_pollfd *event,
                       int thread)
{
    struct lws_pollfd writable = {.events = POLLOUT, .revents = POLLOUT};
    current.fd = writable.fd = event ? event->fd : -1;
    int result = original_service(context, event, thread);
    current.fd = -1;
    if (!current.wants_writable)
        return result;
    current.wants_writable = false;
    return original_service(context, &writable, thread);
}

bool keep_alive(struct lws *wsi)
{
    current.is_completing = lws_get_socket_fd(wsi) == current.fd;
    bool is_kept = !lws_http_transaction_completed(wsi);
    current.is_completing = false;
    return is_kept;
}

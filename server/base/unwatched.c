#include "base/unwatched.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

#include "base/memory.h"

/* The library's function, overridden by the program's definition of the
 * exported name. Resolved before main, thus by one thread. */
static __typeof__(epoll_ctl) *original_epoll_ctl;

__attribute__((constructor)) static void find_epoll_ctl(void)
{
    original_epoll_ctl = (__typeof__(epoll_ctl) *)dlsym(RTLD_NEXT, "epoll_ctl");
    PANIC_IF(!original_epoll_ctl);
}

static __thread struct {
    int fds[UNWATCHED_MAX];
    size_t count;
    void (*wake)(void *arg);
    void *arg;
} unwatched;

void unwatched_tell(void (*wake)(void *arg), void *arg)
{
    unwatched.wake = wake;
    unwatched.arg = arg;
}

int unwatched_take(void)
{
    return unwatched.count ? unwatched.fds[--unwatched.count] : -1;
}

/* libuv probes each new descriptor by adding and removing it: removing it, also
 * when it is closed, clears the failure. */
static void forget(int fd)
{
    for (size_t i = 0; i < unwatched.count; i++)
        if (unwatched.fds[i] == fd)
            unwatched.fds[i--] = unwatched.fds[--unwatched.count];
}

static void note(int fd)
{
    forget(fd);
    PANIC_IF(unwatched.count == UNWATCHED_MAX);
    unwatched.fds[unwatched.count++] = fd;
    if (unwatched.wake)
        unwatched.wake(unwatched.arg);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    int result = original_epoll_ctl(epoll, operation, fd, event);
    if (operation == EPOLL_CTL_DEL)
        forget(fd);
    else if (result && (errno == EEXIST || errno == EBADF))
        return result; /* libuv handles this */
    else if (result)
        note(fd);
    return 0;
}

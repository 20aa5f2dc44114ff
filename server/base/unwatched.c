#include "base/unwatched.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

#include "base/memory.h"
#include "base/overridden.h"

OVERRIDDEN(epoll_ctl)

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

/* libuv tries each new descriptor by adding it and taking it back: then, and
 * when it is closed, nothing is wrong any more. */
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
        return result; /* libuv knows what to do */
    else if (result)
        note(fd);
    return 0;
}

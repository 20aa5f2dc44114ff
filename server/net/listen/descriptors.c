#include "net/listen/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

enum {
    OTHER_USES = 256, /* if the limit can be raised */
    KEPT_USES = 16,   /* reserved: Redis, hooks, files, a successor */
    SHARE = 8,        /* at most an eighth is reserved, or parked */
    STARTED_LATER = 3 /* per worker: its ring and the like */
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void set_allowed(struct descriptors *descriptors, rlim_t allowed)
{
    uint32_t count = allowed > INT32_MAX ? INT32_MAX : (uint32_t)allowed;
    uint32_t kept = descriptors->workers * GUESTS_MAX + KEPT_USES;
    descriptors->allowed = count;
    descriptors->first_kept = count - smaller(kept, count / SHARE);
}

/* libwebsockets sizes its tables by the limit of open files and iterates over
 * them at each close, so it should not be higher than necessary. Only root may
 * raise the hard limit. */
static rlim_t raise_limit(rlim_t wanted)
{
    struct rlimit limit;
    PANIC_IF(getrlimit(RLIMIT_NOFILE, &limit));
    struct rlimit raised = {wanted, limit.rlim_max};
    if (raised.rlim_max < wanted)
        raised.rlim_max = wanted;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return wanted;
    limit.rlim_cur = limit.rlim_max;
    PANIC_IF(setrlimit(RLIMIT_NOFILE, &limit));
    return limit.rlim_cur;
}

void descriptors_prepare(struct descriptors *descriptors, uint32_t sockets,
                         uint32_t workers)
{
    descriptors->workers = workers;
    set_allowed(descriptors,
                raise_limit((rlim_t)sockets +
                            (rlim_t)workers * (PARKED_MAX + GUESTS_MAX) +
                            OTHER_USES));
    descriptors->parked_max =
        smaller(PARKED_MAX, descriptors->allowed / SHARE / workers);
}

/* The lowest free number, which is about the number in use. */
static uint32_t lowest_free(void)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return UINT32_MAX;
    close(fd);
    return (uint32_t)fd;
}

void descriptors_warn(const struct descriptors *descriptors,
                      uint32_t connections)
{
    uint32_t used = lowest_free() + descriptors->workers * STARTED_LATER +
                    descriptors->listeners;
    uint32_t room = descriptors->first_kept;
    uint32_t left = room > used ? room - used : 0;
    if (left < connections)
        log_event(LOG_WARN, "Open file limit too low for limits.connections",
                  LOG_NUMBER("connections", left),
                  LOG_NUMBER("wanted", connections),
                  LOG_NUMBER("allowed", descriptors->allowed),
                  LOG_TEXT("hint", "raise the limit of open files"));
}

bool descriptors_is_kept(const struct descriptors *descriptors, int fd)
{
    return (uint32_t)fd >= descriptors->first_kept;
}

void descriptors_refresh(struct descriptors *descriptors)
{
    struct rlimit limit;
    PANIC_IF(getrlimit(RLIMIT_NOFILE, &limit));
    if (limit.rlim_cur < descriptors->allowed)
        set_allowed(descriptors, limit.rlim_cur);
}

/* Spare descriptors of all listeners may be missing, and one connection needs
 * room. */
static bool is_over(const struct descriptors *descriptors)
{
    enum { LISTENERS_MAX = HUB_WORKERS_MAX * LISTENER_KINDS };
    int fds[LISTENERS_MAX + 1];
    uint32_t wanted = descriptors->listeners + 1;
    uint32_t count = 0;
    while (count < wanted) {
        int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
            break;
        fds[count++] = fd;
        if (descriptors_is_kept(descriptors, fd))
            wanted = 0;
    }
    for (uint32_t i = 0; i < count; i++)
        close(fds[i]);
    return count == wanted;
}

bool descriptors_are_short(struct descriptors *descriptors)
{
    if (descriptors->are_short && is_over(descriptors))
        descriptors->are_short = false;
    return descriptors->are_short;
}

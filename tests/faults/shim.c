/* Preloaded into the server to make C library calls fail. The test writes to a
 * shared file which call fails, with which error, after how many calls and how
 * often.
 *
 *   gcc -shared -fPIC -o shim.so shim.c -ldl
 *   FAULT_FILE=control LD_PRELOAD=./shim.so peal ... */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum call {
    NO_CALL,
    ACCEPT,
    RECV,
    SEND,
    EPOLL_WAIT,
    EPOLL_CTL,
    WRITE,
    ALLOCATE
};

/* The layout that tests/faults/faults.py writes. */
struct control {
    _Atomic int call;
    _Atomic int error; /* errno; 0 for SEND: only one byte is sent */
    _Atomic int after; /* this many calls succeed first */
    _Atomic int times; /* then this many fail */
    _Atomic int failed;
    _Atomic int64_t clock_jump; /* seconds the wall clock is ahead */
};

static struct control none;
static struct control *control = &none;

__attribute__((constructor)) static void open_control(void)
{
    const char *path = getenv("FAULT_FILE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *shared =
        mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared != MAP_FAILED)
        control = shared;
}

static int fails(enum call call)
{
    if (control->call != (int)call)
        return 0;
    if (atomic_fetch_sub(&control->after, 1) > 0)
        return 0;
    if (atomic_fetch_sub(&control->times, 1) <= 0)
        return 0;
    atomic_fetch_add(&control->failed, 1);
    errno = control->error;
    return 1;
}

#define ORIGINAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict len,
            int flags)
{
    return fails(ACCEPT) ? -1 : ORIGINAL(accept4)(fd, address, len, flags);
}

ssize_t recv(int fd, void *data, size_t len, int flags)
{
    return fails(RECV) ? -1 : ORIGINAL(recv)(fd, data, len, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    return fails(RECV) ? -1 : ORIGINAL(recvmsg)(fd, message, flags);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    if (len && fails(SEND)) {
        if (control->error)
            return -1;
        len = 1;
    }
    return ORIGINAL(send)(fd, data, len, flags);
}

ssize_t write(int fd, const void *data, size_t len)
{
    return fails(WRITE) ? -1 : ORIGINAL(write)(fd, data, len);
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    return fails(EPOLL_WAIT) ? -1
                             : ORIGINAL(epoll_wait)(fd, events, max, timeout);
}

int epoll_pwait(int fd, struct epoll_event *events, int max, int timeout,
                const sigset_t *mask)
{
    return fails(EPOLL_WAIT)
               ? -1
               : ORIGINAL(epoll_pwait)(fd, events, max, timeout, mask);
}

int epoll_ctl(int fd, int operation, int about, struct epoll_event *event)
{
    /* removing a descriptor needs no memory */
    return operation != EPOLL_CTL_DEL && fails(EPOLL_CTL)
               ? -1
               : ORIGINAL(epoll_ctl)(fd, operation, about, event);
}

/* ---- the wall clock jumps, the monotonic clock does not */

int clock_gettime(clockid_t id, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, id, now);
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += control->clock_jump;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

/* glibc's own names of the originals, because dlsym may allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
    return fails(ALLOCATE) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(ALLOCATE) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return size && fails(ALLOCATE) ? NULL : __libc_realloc(memory, size);
}

#include "base/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"

enum { POLL_MS = 50, TRIES_MAX = 20 };

/* Protected by the lock, except for the counters. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool is_running;
    bool is_stopping;
    log_writer_lost_line *lost_line;
    size_t start; /* of what waits, in the ring */
    size_t len;
    char ring[LOG_WRITER_QUEUE];
    _Atomic uint64_t lost;
    uint64_t lost_at_start;
} writer = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
};

uint64_t log_writer_lost(void)
{
    return atomic_load(&writer.lost);
}

/* --- the queue, under the lock ------------------------------------------- */

static void push(const char *line, size_t len)
{
    size_t end = (writer.start + writer.len) % LOG_WRITER_QUEUE;
    size_t first = LOG_WRITER_QUEUE - end;
    if (first > len)
        first = len;
    memcpy(writer.ring + end, line, first);
    memcpy(writer.ring, line + first, len - first);
    writer.len += len;
}

/* Takes as many whole lines as fit; returns their length. */
static size_t pop(char out[LOG_WRITER_LINE_MAX])
{
    size_t whole = 0;
    for (size_t i = 0; i < writer.len && i < LOG_WRITER_LINE_MAX; i++) {
        out[i] = writer.ring[(writer.start + i) % LOG_WRITER_QUEUE];
        if (out[i] == '\n')
            whole = i + 1;
    }
    writer.start = (writer.start + whole) % LOG_WRITER_QUEUE;
    writer.len -= whole;
    return whole;
}

/* --- writing ------------------------------------------------------------- */

static uint64_t count_lines(const char *text, size_t len)
{
    uint64_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += text[i] == '\n';
    return count;
}

/* Keeps the descriptor's number: dup3 replaces the file atomically. */
static _Atomic int output = STDERR_FILENO;

int log_writer_open(const char *path, struct error *why)
{
    /* a pipe without a reader is an error, not a wait */
    enum { FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK };
    int fd = path ? open(path, FLAGS, 0640)
                  : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        error_set(why, "log.file: %.300s cannot be opened: %s",
                  path ? path : "stderr", strerror(errno));
    return fd;
}

bool log_writer_use(const char *path, struct error *why)
{
    if (!path && output == STDERR_FILENO)
        return true;
    int fd = log_writer_open(path, why);
    if (fd < 0)
        return false;
    if (output == STDERR_FILENO) {
        output = fd;
        return true;
    }
    dup3(fd, output, O_CLOEXEC);
    close(fd);
    return true;
}

static bool has_room(void)
{
    struct pollfd fd = {.fd = output, .events = POLLOUT};
    return poll(&fd, 1, POLL_MS) != 0;
}

/* Another process may have made a shared stderr non-blocking. */
static bool write_all(const char *text, size_t len)
{
    for (int tries = 0; len && tries < TRIES_MAX;) {
        ssize_t written = write(output, text, len);
        if (written > 0) {
            text += written;
            len -= (size_t)written;
        } else if (errno == EAGAIN) {
            tries += !has_room();
        } else if (errno != EINTR) {
            return false;
        }
    }
    return !len;
}

static bool is_stopping(void)
{
    pthread_mutex_lock(&writer.lock);
    bool stopping = writer.is_stopping;
    pthread_mutex_unlock(&writer.lock);
    return stopping;
}

/* A writable pipe takes LOG_WRITER_LINE_MAX bytes without blocking. At
 * shutdown, the wait is limited. */
static bool wait_for_room(int *waited_ms)
{
    while (!has_room()) {
        if (is_stopping())
            *waited_ms += POLL_MS;
        if (*waited_ms >= LOG_WRITER_STOP_MS)
            return false;
    }
    return true;
}

static bool write_lines(const char *text, size_t len, int *waited_ms)
{
    return wait_for_room(waited_ms) && write_all(text, len);
}

/* Under the lock; false at the end. */
static bool wait_for_lines(void)
{
    while (!writer.len && !writer.is_stopping)
        pthread_cond_wait(&writer.changed, &writer.lock);
    return writer.len > 0;
}

/* Bypasses the queue, which was full. */
static void report_lost(uint64_t *reported, int *waited_ms)
{
    char line[LOG_WRITER_LINE_MAX];
    uint64_t lost = log_writer_lost();
    if (lost == *reported)
        return;
    size_t len = writer.lost_line(line, lost - *reported);
    if (write_lines(line, len, waited_ms))
        *reported = lost;
}

static void *run(void *arg)
{
    (void)arg;
    char text[LOG_WRITER_LINE_MAX];
    uint64_t reported = writer.lost_at_start;
    int waited_ms = 0;
    pthread_mutex_lock(&writer.lock);
    while (wait_for_lines()) {
        size_t len = pop(text);
        pthread_mutex_unlock(&writer.lock);
        if (write_lines(text, len, &waited_ms))
            report_lost(&reported, &waited_ms);
        else
            atomic_fetch_add(&writer.lost, count_lines(text, len));
        pthread_mutex_lock(&writer.lock);
    }
    pthread_mutex_unlock(&writer.lock);
    return NULL;
}

/* --- from outside -------------------------------------------------------- */

void log_writer_start(log_writer_lost_line *lost_line)
{
    writer.lost_line = lost_line;
    /* not in the thread, which may start after the first loss */
    writer.lost_at_start = log_writer_lost();
    pthread_mutex_lock(&writer.lock);
    writer.is_running = true;
    writer.is_stopping = false;
    pthread_mutex_unlock(&writer.lock);
    thread_start(&writer.thread, run, NULL);
}

void log_writer_stop(void)
{
    struct timespec end;
    pthread_mutex_lock(&writer.lock);
    bool was_running = writer.is_running;
    writer.is_stopping = true;
    pthread_cond_signal(&writer.changed);
    pthread_mutex_unlock(&writer.lock);
    if (!was_running)
        return;
    /* another process that writes to the same pipe may have taken the room */
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 2 * LOG_WRITER_STOP_MS / 1000;
    if (pthread_timedjoin_np(writer.thread, NULL, &end) != 0) {
        pthread_detach(writer.thread);
        return;
    }
    pthread_mutex_lock(&writer.lock);
    writer.is_running = false;
    pthread_mutex_unlock(&writer.lock);
}

void log_writer_put(const char *line, size_t len)
{
    pthread_mutex_lock(&writer.lock);
    bool is_queued = writer.is_running;
    bool fits = len <= LOG_WRITER_QUEUE - writer.len;
    if (is_queued && fits) {
        push(line, len);
        pthread_cond_signal(&writer.changed);
    }
    pthread_mutex_unlock(&writer.lock);
    if ((is_queued && !fits) || (!is_queued && !write_all(line, len)))
        atomic_fetch_add(&writer.lost, 1);
}

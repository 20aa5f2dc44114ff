#include "process/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "process/notify.h"

enum { FIRST = 3, ANSWER_MS = 10000, ENDING_MS = 50, TICK_MS = 1000 };

/* Names of the process's environment; the first three are systemd's. */
#define COUNT    "LISTEN_FDS"
#define NAMES    "LISTEN_FDNAMES" /* joined by colons; any but ADMIN: clients */
#define FOR_PID  "LISTEN_PID"
#define FROM_PID "LISTEN_FROM_PID" /* ours: the number of the one before */

#define ADMIN "admin"

static const char READY[] = "ready";
static const char GO[] = "go";
static const char NO[] = "no";

/* ---- the new process ---- */

static bool is_pid(const char *name, pid_t pid)
{
    const char *text = getenv(name);
    return text && strtoll(text, NULL, 10) == pid;
}

/* The purpose of the first of `names`; advances to the next one. */
static enum listener_kind next_kind(const char **names)
{
    if (!*names)
        return LISTENER_PUBLIC;
    size_t len = strcspn(*names, ":");
    bool is_admin = len == strlen(ADMIN) && strncmp(*names, ADMIN, len) == 0;
    *names += len + ((*names)[len] == ':');
    return is_admin ? LISTENER_ADMIN : LISTENER_PUBLIC;
}

bool handover_take(struct handed *handed, struct error *error)
{
    *handed = (struct handed){.channel = -1};
    const char *names = getenv(NAMES);
    bool has_parent = is_pid(FROM_PID, getppid());
    const char *text = getenv(COUNT);
    if (!text || !(has_parent || is_pid(FOR_PID, getpid())))
        return true;
    char *end;
    long count = strtol(text, &end, 10);
    if (*end || count < 1 || count > HANDOVER_MAX)
        return error_set(error, COUNT ": expected 1 to %d, got %.20s",
                         HANDOVER_MAX, text);
    for (; handed->count < count; handed->count++) {
        struct listen_socket *taken = &handed->sockets[handed->count];
        taken->fd = FIRST + (int)handed->count;
        taken->kind = next_kind(&names);
        if (!listen_socket_take(taken, error))
            return false;
    }
    if (has_parent) {
        handed->channel = FIRST + (int)count;
        fcntl(handed->channel, F_SETFD, FD_CLOEXEC);
    }
    return true;
}

bool handover_say_ready(struct handed *handed)
{
    if (handed->channel < 0)
        return true;
    char answer[8] = "";
    struct pollfd wait = {.fd = handed->channel, .events = POLLIN};
    (void)!send(handed->channel, READY, sizeof READY, MSG_NOSIGNAL);
    if (poll(&wait, 1, ANSWER_MS) == 1)
        (void)!recv(handed->channel, answer, sizeof answer - 1, MSG_DONTWAIT);
    close(handed->channel);
    handed->channel = -1;
    return strcmp(answer, NO) != 0;
}

/* ---- the old process ---- */

static bool is_named(const char *entry, const char *name)
{
    size_t len = strlen(name);
    return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* systemd's variables are per process, so they are set again. */
static bool is_kept(const char *entry)
{
    return !is_named(entry, COUNT) && !is_named(entry, FOR_PID) &&
           !is_named(entry, FROM_PID) && !is_named(entry, NAMES) &&
           !is_named(entry, "WATCHDOG_PID");
}

struct next_environment {
    char count[32];
    char from[48];
    struct buffer names;
    char **entries;
};

static void append_names(struct buffer *out,
                         const struct listen_socket *listeners, uint32_t count)
{
    buffer_append_text(out, NAMES "=");
    for (uint32_t i = 0; i < count; i++)
        buffer_append_format(out, "%s%s", i ? ":" : "",
                             listeners[i].kind == LISTENER_PUBLIC ? "public"
                                                                  : ADMIN);
}

static void make_environment(struct next_environment *next,
                             const struct listen_socket *listeners,
                             uint32_t count)
{
    size_t total = 0;
    size_t kept = 0;
    while (environ[total])
        total++;
    next->entries = memory_new(total + 4, sizeof *next->entries);
    for (size_t i = 0; i < total; i++)
        if (is_kept(environ[i]))
            next->entries[kept++] = environ[i];
    snprintf(next->count, sizeof next->count, COUNT "=%u", count);
    snprintf(next->from, sizeof next->from, FROM_PID "=%lld",
             (long long)getpid());
    append_names(&next->names, listeners, count);
    next->entries[kept++] = next->count;
    next->entries[kept++] = next->names.data;
    next->entries[kept] = next->from;
}

/* Duplicates to numbers above the target range, so that none is overwritten too
 * early. */
static bool copy_up(const int *fds, uint32_t count, int *copies,
                    struct error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        copies[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST + (int)count);
        if (copies[i] >= 0)
            continue;
        error_set(error, "cannot copy a descriptor: %s", strerror(errno));
        while (i)
            close(copies[--i]);
        return false;
    }
    return true;
}

/* Resets blocked and ignored signals for the new process. */
static void set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t pipe;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_setflags(attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &pipe);
}

/* `fds` become the descriptors from FIRST on; all others are closed. */
static int spawn(pid_t *pid, char *const *arguments, char *const *environment,
                 const int *fds, uint32_t count)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    set_signals(&attributes);
    for (uint32_t i = 0; i < count; i++)
        posix_spawn_file_actions_adddup2(&actions, fds[i], FIRST + (int)i);
    posix_spawn_file_actions_addclosefrom_np(&actions, FIRST + (int)count);
    int failed = posix_spawnp(pid, arguments[0], &actions, &attributes,
                              arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

/* `fds` are the listeners' descriptors and one more. */
static bool start_with(pid_t *pid, char *const *arguments,
                       const struct listen_socket *listeners, const int *fds,
                       uint32_t count, struct error *error)
{
    struct next_environment next = {0};
    int *copies = memory_new(count, sizeof *copies);
    int failed = 0;
    bool is_copied = copy_up(fds, count, copies, error);
    if (is_copied) {
        make_environment(&next, listeners, count - 1);
        failed = spawn(pid, arguments, next.entries, copies, count);
        free(next.entries);
        buffer_deinit(&next.names);
        for (uint32_t i = 0; i < count; i++)
            close(copies[i]);
    }
    free(copies);
    if (failed)
        error_set(error, "cannot run %.200s: %s", arguments[0],
                  strerror(failed));
    return is_copied && !failed;
}

/* A new process that is starting. */
struct next {
    pid_t pid;
    int channel;
    uint64_t until_ms;
};

enum news { STARTING, READY_TO_GO, ENDED };

static bool start(struct next *next, char *const *arguments,
                  const struct listen_socket *listeners, uint32_t count,
                  struct error *error)
{
    int pair[2];
    if (getpid() == 1)
        return error_set(
            error,
            "this is process 1 of a container, which would stop with it");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
        return error_set(error, "cannot create a socket: %s", strerror(errno));
    int *fds = memory_new(count + 1, sizeof *fds);
    for (uint32_t i = 0; i < count; i++)
        fds[i] = listeners[i].fd;
    fds[count] = pair[1];
    bool is_started =
        start_with(&next->pid, arguments, listeners, fds, count + 1, error);
    free(fds);
    close(pair[1]);
    next->channel = pair[0];
    next->until_ms = clock_steady_ms() + HANDOVER_SECONDS * 1000;
    if (!is_started)
        close(pair[0]);
    return is_started;
}

static void tell_end(int status, struct error *error)
{
    if (WIFSIGNALED(status))
        error_set(error, "the new process was killed by signal %d",
                  WTERMSIG(status));
    else
        error_set(error,
                  "the new process exited with code %d; its log says why",
                  WEXITSTATUS(status));
}

static enum news give_up(struct next *next, struct error *error)
{
    kill(next->pid, SIGKILL);
    waitpid(next->pid, NULL, 0);
    close(next->channel);
    error_set(error, "the new process was not ready within %d seconds",
              HANDOVER_SECONDS);
    return ENDED;
}

static bool hears_ready(const struct next *next, int ms)
{
    char word[8] = "";
    struct pollfd wait = {.fd = next->channel, .events = POLLIN};
    if (poll(&wait, 1, ms) != 1)
        return false;
    if (recv(next->channel, word, sizeof word - 1, MSG_DONTWAIT) <= 0)
        poll(NULL, 0, ENDING_MS); /* it is about to end, mostly */
    return strcmp(word, READY) == 0;
}

static enum news wait_for_news(struct next *next, struct error *error)
{
    int status;
    if (hears_ready(next, TICK_MS))
        return READY_TO_GO;
    if (waitpid(next->pid, &status, WNOHANG) == next->pid) {
        close(next->channel);
        tell_end(status, error);
        return ENDED;
    }
    return clock_steady_ms() > next->until_ms ? give_up(next, error) : STARTING;
}

static void answer(struct next *next, const char *word)
{
    (void)!send(next->channel, word, strlen(word), MSG_NOSIGNAL);
    close(next->channel);
}

/* A program other than Peal ignores that message, but not the signal. */
static void call_off(struct next *next)
{
    answer(next, NO);
    kill(next->pid, SIGTERM);
}

/* The new process is not reaped here: after this one ends, init or systemd does
 * that. The new one has the full watchdog time for its first notification. */
static void let_go_on(struct next *next)
{
    char state[64];
    snprintf(state, sizeof state, "MAINPID=%lld\nWATCHDOG=1",
             (long long)next->pid);
    notify_send(state);
    answer(next, GO);
    log_event(LOG_INFO, "Upgrade completed", LOG_NUMBER("from", getpid()),
              LOG_NUMBER("pid", next->pid));
}

static bool is_asked_to_end(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT));
}

enum handover_end handover_run(char *const *arguments,
                               const struct listen_socket *listeners,
                               uint32_t count, void (*keep_going)(void *arg),
                               void *arg, struct error *error)
{
    struct next next;
    enum news news = STARTING;
    if (!start(&next, arguments, listeners, count, error))
        return HANDOVER_FAILED;
    log_event(LOG_INFO, "Upgrade started", LOG_NUMBER("pid", next.pid));
    while (news == STARTING) {
        if (is_asked_to_end()) {
            call_off(&next);
            return HANDOVER_CALLED_OFF;
        }
        news = wait_for_news(&next, error);
        keep_going(arg);
    }
    if (news == ENDED)
        return HANDOVER_FAILED;
    let_go_on(&next);
    return HANDOVER_DONE;
}

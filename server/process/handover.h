/* handover: passes the listening sockets from a running process to its
 * successor, so that no connection is refused during an upgrade.
 *
 * The old process starts the new one with the named sockets as descriptors from
 * 3 on, like systemd (sd_listen_fds(3)), followed by a socket between the two.
 * Over it, the new process sends "ready" once it serves, and the old one
 * responds "go", or "no" to cancel. Both have the same listening sockets:
 * either may accept queued connections until the old one stops accepting.
 *
 * Owner:   the caller.
 * Thread:  the main thread.
 * Limits:  HANDOVER_SECONDS until the new one must be ready.
 * Failure: the old process continues, with the reason.
 */
#ifndef PEAL_HANDOVER_H
#define PEAL_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/listen/listen_socket.h"

enum { HANDOVER_SECONDS = 60, HANDOVER_MAX = 1024 };

/* What this process received when it was started. */
struct handed {
    struct listen_socket sockets[HANDOVER_MAX];
    uint32_t count;
    int channel; /* socket to the old process; -1: started by a service manager,
                    or directly */
};

/* Takes the descriptors in the environment. False: they are unusable. */
bool handover_take(struct handed *handed, struct error *error);

/* Reports that this process serves. False: the old process cancelled, and this
 * one must exit. If the old process has died, this one takes over. */
bool handover_say_ready(struct handed *handed);

enum handover_end {
    HANDOVER_DONE,      /* the new process serves; this one drains */
    HANDOVER_FAILED,    /* the new process failed */
    HANDOVER_CALLED_OFF /* SIGTERM or SIGINT is pending for this process */
};

/* Starts the current program file named by `arguments`, waits until it serves,
 * and then notifies systemd. `keep_going` is called each second. */
enum handover_end handover_run(char *const *arguments,
                               const struct listen_socket *listeners,
                               uint32_t count, void (*keep_going)(void *arg),
                               void *arg, struct error *error);

#endif

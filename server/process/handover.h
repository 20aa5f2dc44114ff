/* handover: the listening sockets go from a running process to the next one,
 * so that no connection is refused while the program or its config changes.
 *
 * The old one starts the new one with the descriptors from 3 on, as systemd
 * does (sd_listen_fds(3)), named for what they are for, and with one more
 * behind them, a socket between the two. The new one says "ready" there once it
 * serves, and is answered "go", or "no" when it is called off. Both have the
 * same sockets: what waits in their queues is accepted by whoever comes first,
 * and by the new one in the end.
 *
 * Owner:   the caller owns what is named below.
 * Thread:  the main thread.
 * Limits:  HANDOVER_SECONDS until the new one must be ready.
 * Failure: the old one serves on, and knows why.
 */
#ifndef PEAL_HANDOVER_H
#define PEAL_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/listen/listen_socket.h"

enum { HANDOVER_SECONDS = 60, HANDOVER_MAX = 1024 };

/* What this process was started with. */
struct handed {
    struct listen_socket sockets[HANDOVER_MAX];
    uint32_t count;
    int channel; /* to the one before; -1: a manager started us, or nobody */
};

/* Takes what the environment tells of. False: it is of no use. */
bool handover_take(struct handed *handed, struct error *error);

/* We serve. False: the one before does, and wants us to end. One that has gone
 * without a word leaves it all to us. */
bool handover_say_ready(struct handed *handed);

enum handover_end {
    HANDOVER_DONE,      /* the new process serves: this one drains */
    HANDOVER_FAILED,    /* it does not */
    HANDOVER_CALLED_OFF /* SIGTERM or SIGINT, blocked, is there for this one */
};

/* Starts the program that `arguments` name, as it is now, and waits until it
 * serves; systemd is told then. `keep_going` is called each second. */
enum handover_end handover_run(char *const *arguments,
                               const struct listen_socket *listeners,
                               uint32_t count, void (*keep_going)(void *arg),
                               void *arg, struct error *error);

#endif

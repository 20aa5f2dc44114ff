/* bench_target: the target of connections, and their source addresses.
 *
 * Owner:   the run; `path` points into the options.
 * Thread:  written before the threads start, read-only from then on.
 * Limits:  only this machine, unless --allow-remote.
 * Failure: bench_target_init prints the reason and returns false.
 */
#ifndef PEAL_BENCH_TARGET_H
#define PEAL_BENCH_TARGET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct bench_options;

struct bench_target {
    bool tls;
    char host[128];
    char port[8];
    const char *path;
    struct sockaddr_storage address;
    socklen_t address_len;
    uint32_t sources; /* number of 127.0.0.x addresses used; 0: any */
};

/* Parses the url, resolves the host, and refuses disallowed targets. */
bool bench_target_init(struct bench_target *self,
                       const struct bench_options *options, const char *url);

/* A non-blocking socket bound for connection `number`; -1 and errno on
 * failure. */
int bench_target_socket(const struct bench_target *self, uint32_t number);

#endif

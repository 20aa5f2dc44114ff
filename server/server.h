/* server: builds bus, hub and workers from the config, and runs them.
 *
 * Owner:   the caller owns the server; the config must outlive it.
 * Thread:  the main thread.
 * Limits:  as configured.
 * Failure: server_new reports what could not be set up.
 */
#ifndef PEAL_SERVER_H
#define PEAL_SERVER_H

#include "base/error.h"
#include "config/config.h"

struct server;

/* Reads keys and files, binds the port. A reload reads the config from
 * `sources`, which must outlive the server. NULL and the reason on failure. */
struct server *server_new(const struct config *config,
                          const struct config_sources *sources,
                          struct error *error);

/* Serves until SIGTERM or SIGINT, drains, and returns. SIGHUP reloads the
 * config. SIGUSR2 starts the program again, passes it the listening sockets,
 * and then drains. False and the reason if it could not take over. */
bool server_run(struct server *server, struct error *error);

void server_free(struct server *server);

#endif

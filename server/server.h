/* server: bus, hub and workers, built from the config and run to their end.
 *
 * Owner:   the caller owns the server; the config must outlive it.
 * Thread:  the main thread.
 * Limits:  as configured.
 * Failure: server_new says in words what could not be set up.
 */
#ifndef PEAL_SERVER_H
#define PEAL_SERVER_H

#include "base/error.h"
#include "config/config.h"

struct server;

/* Reads keys and files, binds the port. `sources` are where the config is read
 * from again; they outlive the server as well. NULL and why when something
 * fails. */
struct server *server_new(const struct config *config,
                          const struct config_sources *sources,
                          struct error *error);

/* Serves until SIGTERM or SIGINT, drains, and returns. SIGHUP reads the config
 * again. SIGUSR2 starts the program anew, hands the listening sockets over and
 * then drains as well. False and why when it had nothing to take over. */
bool server_run(struct server *server, struct error *error);

void server_free(struct server *server);

#endif

/* server_reload: reloads the config of a running server.
 *
 * Owner:   struct server keeps the new config.
 * Thread:  the main thread.
 * Limits:  keys that need a restart keep their values, and are logged.
 * Failure: nothing changes; the log, systemd and a metric report the failure.
 */
#ifndef PEAL_SERVER_RELOAD_H
#define PEAL_SERVER_RELOAD_H

struct server;

void server_reload(struct server *server);

#endif

/* server_reload: the config, read again while the server runs.
 *
 * Owner:   struct server keeps what was read.
 * Thread:  the main thread.
 * Limits:  what needs a restart is kept, and named in the log.
 * Failure: nothing changes; the log, systemd and a metric say so.
 */
#ifndef PEAL_SERVER_RELOAD_H
#define PEAL_SERVER_RELOAD_H

struct server;

void server_reload(struct server *server);

#endif

/* client_command: `peal client show` and the like, which tell about one client
 * of a running server, and end its connections.
 *
 * Owner:   nothing is owned.
 * Thread:  the main thread.
 * Limits:  those of remote.h.
 * Failure: the exit code, with why on stderr.
 */
#ifndef PEAL_CLIENT_COMMAND_H
#define PEAL_CLIENT_COMMAND_H

/* What may follow; ended by NULL. */
extern const char *const client_command_actions[];

int client_command(int argc, char **argv);

#endif

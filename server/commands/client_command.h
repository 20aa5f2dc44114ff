/* client_command: `peal client`: shows, disconnects and bans clients of a
 * running server.
 *
 * Owner:   nothing is owned.
 * Thread:  the main thread.
 * Limits:  those of remote.h.
 * Failure: an exit code, with the reason on stderr.
 */
#ifndef PEAL_CLIENT_COMMAND_H
#define PEAL_CLIENT_COMMAND_H

/* The actions; NULL-terminated. */
extern const char *const client_command_actions[];

int client_command(int argc, char **argv);

#endif

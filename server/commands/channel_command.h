/* channel_command: `peal history` and `peal presence`: prints history and
 * members of a channel of a running server.
 *
 * Owner:   nothing is owned.
 * Thread:  the main thread.
 * Limits:  those of remote.h.
 * Failure: an exit code, with the reason on stderr.
 */
#ifndef PEAL_CHANNEL_COMMAND_H
#define PEAL_CHANNEL_COMMAND_H

int history_command(int argc, char **argv);
int presence_command(int argc, char **argv);

#endif

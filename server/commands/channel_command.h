/* channel_command: `peal history` and `peal presence`: what a channel of a
 * running server holds, and who is in it.
 *
 * Owner:   nothing is owned.
 * Thread:  the main thread.
 * Limits:  those of remote.h.
 * Failure: the exit code, with why on stderr.
 */
#ifndef PEAL_CHANNEL_COMMAND_H
#define PEAL_CHANNEL_COMMAND_H

int history_command(int argc, char **argv);
int presence_command(int argc, char **argv);

#endif

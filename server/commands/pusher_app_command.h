/* pusher_app_command: `peal pusher-app new`: prints a new entry for
 * pusher.apps.
 *
 * Owner:   nothing.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: an exit code, and a line on stderr.
 */
#ifndef PEAL_COMMANDS_PUSHER_APP_COMMAND_H
#define PEAL_COMMANDS_PUSHER_APP_COMMAND_H

/* Returns the exit code. */
int pusher_app_command(int argc, char **argv);

#endif

/* pusher_app_command: `peal pusher-app new`, which prints a fresh entry for
 * pusher.apps.
 *
 * Owner:   nothing.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: an exit code, and a line on stderr.
 */
#ifndef PEAL_COMMANDS_PUSHER_APP_COMMAND_H
#define PEAL_COMMANDS_PUSHER_APP_COMMAND_H

/* The exit code. */
int pusher_app_command(int argc, char **argv);

#endif

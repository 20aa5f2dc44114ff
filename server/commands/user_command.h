/* user_command: `peal user`: accounts, in the database itself or over a running
 * server.
 *
 * Owner:   nothing is owned.
 * Thread:  the main thread; it blocks.
 * Limits:  a password is one line.
 * Failure: an exit code, and why on stderr.
 */
#ifndef PEAL_USER_COMMAND_H
#define PEAL_USER_COMMAND_H

int user_command(int argc, char **argv);

#endif

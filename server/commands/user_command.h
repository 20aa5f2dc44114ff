/* user_command: `peal user`: manages accounts, in the database or through a
 * running server.
 *
 * Owner:   nothing is owned.
 * Thread:  the main thread; it blocks.
 * Limits:  a password is one line.
 * Failure: an exit code, with the reason on stderr.
 */
#ifndef PEAL_USER_COMMAND_H
#define PEAL_USER_COMMAND_H

int user_command(int argc, char **argv);

#endif

/* tail_command: `peal tail`.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  the server's.
 * Failure: exit code 2 for wrong arguments, 1 if the server refuses; one line
 *          on stderr.
 */
#ifndef PEAL_TAIL_COMMAND_H
#define PEAL_TAIL_COMMAND_H

/* argv[0] is "tail". */
int tail_command(int argc, char **argv);

#endif

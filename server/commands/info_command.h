/* info_command: `peal info`.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  what the server takes.
 * Failure: exit code 2 for wrong arguments, 1 where the server refuses; one
 *          line on stderr.
 */
#ifndef PEAL_INFO_COMMAND_H
#define PEAL_INFO_COMMAND_H

/* argv[0] is "info". */
int info_command(int argc, char **argv);

#endif

/* help_command: `peal help TOPIC`: prints an explanation, examples and keys.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: exit code 2 for an unknown topic, with the closest one on stderr.
 */
#ifndef PEAL_HELP_COMMAND_H
#define PEAL_HELP_COMMAND_H

/* argv[0] is "help" or "--help". */
int help_command(int argc, char **argv);

#endif

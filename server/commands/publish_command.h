/* publish_command: `peal publish`.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  the server's.
 * Failure: exit code 2 for wrong arguments, 1 if the server refuses; one line
 *          on stderr.
 */
#ifndef PEAL_PUBLISH_COMMAND_H
#define PEAL_PUBLISH_COMMAND_H

/* argv[0] is "publish". */
int publish_command(int argc, char **argv);

#endif

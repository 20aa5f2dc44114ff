/* token_command: `peal token`: prints a signed token.
 *
 * Owner:   nothing outlives the call.
 * Thread:  the main thread.
 * Limits:  --ttl is ten years at most.
 * Failure: exit code 2, and one line on stderr that names the flag or key.
 */
#ifndef PEAL_TOKEN_COMMAND_H
#define PEAL_TOKEN_COMMAND_H

/* argv[0] is the command's name. Returns the exit code. */
int token_command(int argc, char **argv);

#endif

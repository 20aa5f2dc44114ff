/* hash_key_command: `peal hash-key`: prints the hash of a key for api.keys.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  a key of API_KEY_MIN to API_KEY_MAX bytes.
 * Failure: exit code 2 and one line on stderr.
 */
#ifndef PEAL_HASH_KEY_COMMAND_H
#define PEAL_HASH_KEY_COMMAND_H

/* argv[0] is "hash-key". */
int hash_key_command(int argc, char **argv);

#endif

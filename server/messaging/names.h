/* names: what a client id and a channel name may look like.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  CLIENT_ID_MAX and CHANNEL_NAME_MAX bytes.
 * Failure: none: a name is valid or not.
 */
#ifndef PEAL_MESSAGING_NAMES_H
#define PEAL_MESSAGING_NAMES_H

#include <stdbool.h>

#include "base/bytes.h"

enum { CLIENT_ID_MAX = 128, CHANNEL_NAME_MAX = 164 };

/* 1 to 128 of A-Z a-z 0-9 . _ ~ : @ + = - */
bool client_id_is_valid(struct bytes id);

/* 1 to 164 of A-Z a-z 0-9 _ - = @ , . ; : # $ / */
bool channel_name_is_valid(struct bytes name);

/* A channel's name, or the start of one with * at its end. */
bool channel_pattern_is_valid(const char *pattern);

/* `pattern` is the name itself, or a prefix of it followed by one *. */
bool name_matches(const char *pattern, struct bytes name);

#endif

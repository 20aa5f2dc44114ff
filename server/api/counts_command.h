/* counts_command: counts the subscribers and members of channels over all
 * instances; private to api/.
 *
 * One survey asks every instance for subscribers. Then the bus is asked for the
 * members of each channel found, a few at a time.
 *
 * Owner:   itself, until the part is answered.
 * Thread:  the call's worker.
 * Limits:  SURVEY_NAMES_MAX channels per instance for a name that ends in *. An
 *          instance that does not respond in time is left out.
 * Failure: the part is refused.
 */
#ifndef PEAL_API_COUNTS_COMMAND_H
#define PEAL_API_COUNTS_COMMAND_H

#include "api/call.h"

/* Reads FIELD_CHANNELS, a list, and whether FIELD_CONNECTIONS and FIELD_MEMBERS
 * are present; answers {"counts":[{"channel":...,"connections":...,
 * "members":...}]}: for all named channels, and for matches of a * that have
 * subscribers. */
void counts_command_run(struct api_call *call, uint32_t part,
                        const struct json_slot *slots);

#endif

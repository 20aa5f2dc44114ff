/* counts_command: how many connections subscribe to each of some channels, over
 * all instances, and how many members they have; private to api/.
 *
 * The subscribers are asked of every instance by one survey, the members of the
 * bus for each channel then found, a few at a time.
 *
 * Owner:   itself, until the part is answered.
 * Thread:  the call's worker.
 * Limits:  SURVEY_NAMES_MAX channels of one instance for a name with a * at its
 *          end. An instance that does not answer in time is left out.
 * Failure: the part is refused.
 */
#ifndef PEAL_API_COUNTS_COMMAND_H
#define PEAL_API_COUNTS_COMMAND_H

#include "api/call.h"

/* Reads FIELD_CHANNELS, a list, and of FIELD_CONNECTIONS and FIELD_MEMBERS that
 * they are there; answers {"counts":[{"channel":...,"connections":...,
 * "members":...}]}: of all that were named, and of those with a * that have
 * subscribers. */
void counts_command_run(struct api_call *call, uint32_t part,
                        const struct json_slot *slots);

#endif

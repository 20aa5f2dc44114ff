/* redis_surveys: queries answered by every instance.
 *
 * Owner:   the bus; keeps requests that wait for answers.
 * Thread:  the bus's.
 * Limits:  SURVEYS_MAX at a time; instances that do not answer within SURVEY_MS
 *          are left out.
 * Failure: FAULT_UNAVAILABLE if too many are open, or Redis refuses. A lost
 *          answer counts as none.
 */
#ifndef PEAL_BUS_REDIS_SURVEYS_H
#define PEAL_BUS_REDIS_SURVEYS_H

#include "bus/redis/redis_bus.h"
#include "bus/redis/redis_envelope.h"

enum { SURVEYS_MAX = 256, SURVEY_MS = 2000 };

/* Queries every instance. Takes the request. */
void redis_survey(struct redis_bus *bus, struct request *request);

/* Handle a query, and an answer, of any instance. False: malformed. */
bool redis_surveys_on_question(struct redis_bus *bus,
                               const struct envelope *envelope);
bool redis_surveys_on_answer(struct redis_bus *bus,
                             const struct envelope *envelope);

/* Call once a second: answers surveys whose time is over. */
void redis_surveys_tick(struct redis_bus *bus, uint64_t now_ms);

/* Answers all waiting surveys. */
void redis_surveys_free(struct redis_bus *bus);

#endif

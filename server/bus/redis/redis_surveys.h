/* redis_surveys: a question that every instance answers, with what it has.
 *
 * Owner:   the bus; a request that waits for answers is kept here.
 * Thread:  the bus's.
 * Limits:  SURVEYS_MAX at a time; SURVEY_MS until those that have not answered
 *          are left out.
 * Failure: FAULT_UNAVAILABLE when too many are open, or Redis refuses. An
 *          answer that is lost counts as none.
 */
#ifndef PEAL_BUS_REDIS_SURVEYS_H
#define PEAL_BUS_REDIS_SURVEYS_H

#include "bus/redis/redis_bus.h"
#include "bus/redis/redis_envelope.h"

enum { SURVEYS_MAX = 256, SURVEY_MS = 2000 };

/* Asks every instance. Takes the request. */
void redis_survey(struct redis_bus *bus, struct request *request);

/* Another instance, or this one, asks; and one answers. False: malformed. */
bool redis_surveys_on_question(struct redis_bus *bus,
                               const struct envelope *envelope);
bool redis_surveys_on_answer(struct redis_bus *bus,
                             const struct envelope *envelope);

/* Once a second: those that waited long enough are answered. */
void redis_surveys_tick(struct redis_bus *bus, uint64_t now_ms);

/* Answers all that wait. */
void redis_surveys_free(struct redis_bus *bus);

#endif

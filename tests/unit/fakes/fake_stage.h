/* fake_stage: a fake instance for one test, with a quiet log.
 *
 * Owner:   the test closes it with fake_stage_close once no connection is
 *          left.
 * Thread:  one.
 * Limits:  those of fake_instance.h.
 * Failure: ends the test.
 */
#ifndef FAKE_STAGE_H
#define FAKE_STAGE_H

#include "fake_instance.h"

struct fake_instance *fake_stage_open(unsigned workers);

/* Also discards the notes of the fake protocol. */
void fake_stage_close(struct fake_instance *fake);

#endif

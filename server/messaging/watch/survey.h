/* survey: this instance's answer, as JSON, to a query sent to every instance
 * about one client, or about channels.
 *
 * For the connections of a client, the query is posted to each worker, which
 * writes a row per connection; the last worker to finish assembles the parts.
 * Refusals come from the refusal log, and numbers of subscribers from the hub.
 *
 * Owner:   itself, until `done` was called; the answer is borrowed.
 * Thread:  survey_begin from any; `done` on any, possibly before survey_begin
 *          returns.
 * Limits:  SURVEY_ROWS_MAX connections with SURVEY_CHANNELS_SHOWN channels
 *          each; SURVEY_REFUSALS_MAX refusals; SURVEY_NAMES_MAX channels.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_SURVEY_H
#define PEAL_MESSAGING_SURVEY_H

#include "base/buffer.h"
#include "messaging/request.h"

enum {
    SURVEY_ROWS_MAX = 100,
    SURVEY_REFUSALS_MAX = 200,
    SURVEY_CHANNELS_SHOWN = 50,
    SURVEY_NAMES_MAX = 10000,
    SURVEY_ANSWER_MAX = 2 << 20 /* bytes; upper bound of the rows */
};

struct instance;

/* `answer` is {"total":<number of all>,"rows":[<object>,...]}. */
typedef void survey_done(void *arg, struct bytes answer);

/* `client` and `about` as in struct request; copied. Channels are separated by
 * newlines; a * at the end matches any rest. */
void survey_begin(const struct instance *instance, enum survey_kind kind,
                  struct bytes client, struct bytes about, survey_done *done,
                  void *arg);

#endif

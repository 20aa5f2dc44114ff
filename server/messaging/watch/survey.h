/* survey: what this instance knows about one client, or about channels, as
 * JSON: the answer to a question that is asked of every instance.
 *
 * Where a client is, is posted to each worker, which writes a row for each
 * connection that it has of the client; the last one to finish puts the parts
 * together. What was refused stands in the refusal log, and the hub counts who
 * subscribes.
 *
 * Owner:   itself, until `done` was called; the answer is borrowed.
 * Thread:  survey_begin from any; `done` on any, maybe before survey_begin
 *          returns.
 * Limits:  SURVEY_ROWS_MAX connections, SURVEY_CHANNELS_SHOWN channels in
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
    SURVEY_ANSWER_MAX = 2 << 20 /* bytes; more than rows can have */
};

struct instance;

/* `answer` is {"total":<all there are>,"rows":[<object>,...]}. */
typedef void survey_done(void *arg, struct bytes answer);

/* `client` and `about` as in struct request; copied. Channels are listed with a
 * newline between them, and a * at the end of one stands for any rest. */
void survey_begin(const struct instance *instance, enum survey_kind kind,
                  struct bytes client, struct bytes about, survey_done *done,
                  void *arg);

#endif

/* pusher_counts: sends subscription counts to subscribers, if the app is
 * configured to do so.
 *
 * When subscribers of a channel come or go on this instance, it counts those of
 * all instances and publishes the number as an event of the channel.
 *
 * Owner:   static.
 * Thread:  pusher_counts_note from any; pusher_counts_tick from each worker's.
 * Limits:  once a second per channel, and once in 5 s above 100 subscribers.
 * Failure: a failed count is retried a second later.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_COUNTS_H
#define PEAL_PROTOCOLS_PUSHER_COUNTS_H

struct worker;

void pusher_counts_note(const char *channel);

/* Once a second. */
void pusher_counts_tick(struct worker *worker);

#endif

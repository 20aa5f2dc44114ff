/* pusher_counts: tells subscribers how many they are, where the app says so.
 *
 * Whenever subscribers of a channel came to this instance or went, it counts
 * those of all instances and publishes the number: an event of the channel like
 * others.
 *
 * Owner:   static.
 * Thread:  pusher_counts_note from any; pusher_counts_tick from each worker's.
 * Limits:  once a second for each channel, and once in 5 s beyond 100
 *          subscribers.
 * Failure: what could not be counted is counted again a second later.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_COUNTS_H
#define PEAL_PROTOCOLS_PUSHER_COUNTS_H

struct worker;

void pusher_counts_note(const char *channel);

/* Once a second. */
void pusher_counts_tick(struct worker *worker);

#endif

/* lane: threads that process a queue, oldest item first.
 *
 * Owner:   its creator.
 * Thread:  lane_post from any; the work runs on the lane's threads.
 * Limits:  the number of threads; callers bound the queue.
 * Failure: none: all posted work is done before lane_free returns.
 */
#ifndef PEAL_ACCOUNTS_LANE_H
#define PEAL_ACCOUNTS_LANE_H

#include <stdint.h>

struct lane_item {
    struct lane_item *next;
};

/* `index`: of the thread, from 0. */
typedef void lane_work(void *arg, uint32_t index, struct lane_item *item);

struct lane;

/* `niceness` is added to the process's, as in setpriority(2); higher values
 * give way to other threads. */
struct lane *lane_new(uint32_t threads, int niceness, lane_work *work,
                      void *arg);

/* NULL is ignored. */
void lane_free(struct lane *lane);

void lane_post(struct lane *lane, struct lane_item *item);

#endif

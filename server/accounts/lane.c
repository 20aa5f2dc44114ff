#include "accounts/lane.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread.h"

struct runner {
    struct lane *lane;
    uint32_t index;
    pthread_t thread;
};

struct lane {
    /* set once */
    lane_work *work;
    void *arg;
    int niceness;
    struct runner *runners;
    uint32_t count;
    /* any thread, under lock */
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct lane_item *first;
    struct lane_item *last;
    bool is_ending;
};

static struct lane_item *take(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    while (!lane->first && !lane->is_ending)
        pthread_cond_wait(&lane->filled, &lane->lock);
    struct lane_item *item = lane->first;
    if (item)
        lane->first = item->next;
    pthread_mutex_unlock(&lane->lock);
    return item;
}

static void *run(void *arg)
{
    struct runner *runner = arg;
    struct lane *lane = runner->lane;
    struct lane_item *item;
    /* Linux has per-thread priorities; failure is harmless */
    id_t self = (id_t)gettid();
    setpriority(PRIO_PROCESS, self,
                getpriority(PRIO_PROCESS, self) + lane->niceness);
    while ((item = take(lane)))
        lane->work(lane->arg, runner->index, item);
    return NULL;
}

void lane_post(struct lane *lane, struct lane_item *item)
{
    item->next = NULL;
    pthread_mutex_lock(&lane->lock);
    if (lane->first)
        lane->last->next = item;
    else
        lane->first = item;
    lane->last = item;
    pthread_cond_signal(&lane->filled);
    pthread_mutex_unlock(&lane->lock);
}

struct lane *lane_new(uint32_t threads, int niceness, lane_work *work,
                      void *arg)
{
    struct lane *lane = memory_new(1, sizeof *lane);
    lane->work = work;
    lane->arg = arg;
    lane->niceness = niceness;
    lane->count = threads;
    lane->runners = memory_new(threads, sizeof *lane->runners);
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->filled, NULL);
    for (uint32_t i = 0; i < threads; i++) {
        lane->runners[i] = (struct runner){.lane = lane, .index = i};
        thread_start(&lane->runners[i].thread, run, &lane->runners[i]);
    }
    return lane;
}

void lane_free(struct lane *lane)
{
    if (!lane)
        return;
    pthread_mutex_lock(&lane->lock);
    lane->is_ending = true;
    pthread_cond_broadcast(&lane->filled);
    pthread_mutex_unlock(&lane->lock);
    for (uint32_t i = 0; i < lane->count; i++)
        pthread_join(lane->runners[i].thread, NULL);
    pthread_cond_destroy(&lane->filled);
    pthread_mutex_destroy(&lane->lock);
    free(lane->runners);
    free(lane);
}

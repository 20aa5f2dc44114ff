/* inbox: work posted by other threads to the thread of one loop.
 *
 * Owner:   the receiver; sender and `run` agree on the ownership of subject and
 *          object.
 * Thread:  inbox_post from any; inbox_drain from the receiver's only.
 * Limits:  none here: senders check inbox_depth first and refuse new work that
 *          would overload the receiver.
 * Failure: out of memory ends the process. Items of one sender run in the order
 *          posted; the receiver is woken only if it may be asleep.
 */
#ifndef PEAL_BASE_INBOX_H
#define PEAL_BASE_INBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct inbox_item {
    void (*run)(void *subject, void *object);
    void *subject;
    void *object;
};

struct inbox_items {
    struct inbox_item *items;
    size_t count;
    size_t capacity;
};

struct inbox {
    /* set once by inbox_init */
    void (*wake)(void *arg); /* called on the sender's thread */
    void *wake_arg;
    /* only the receiver's thread */
    struct inbox_items draining;
    /* any thread, under lock */
    pthread_mutex_t lock;
    struct inbox_items waiting;
    /* any thread */
    _Atomic size_t depth;
};

void inbox_init(struct inbox *inbox, void (*wake)(void *), void *wake_arg);

/* Discards waiting items: drain first. */
void inbox_deinit(struct inbox *inbox);

void inbox_post(struct inbox *inbox, struct inbox_item item);

/* Runs the items that waited at the time of the call, outside the lock. Returns
 * whether there were any. */
bool inbox_drain(struct inbox *inbox);

/* The number of waiting items. */
static inline size_t inbox_depth(struct inbox *inbox)
{
    return atomic_load_explicit(&inbox->depth, memory_order_relaxed);
}

#endif

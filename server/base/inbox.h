/* inbox: work that other threads leave for the thread of one loop.
 *
 * Owner:   the receiver; what subject and object point to is handed over by
 *          agreement between the sender and `run`.
 * Thread:  inbox_post from any; inbox_drain from the receiver's only.
 * Limits:  none here: senders look at inbox_depth first and refuse new work
 *          that would swamp the receiver.
 * Failure: out of memory ends the process. Items of one sender run in the
 *          order posted, and the receiver is woken only when it may sleep.
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

/* Whatever still waits is forgotten: drain first. */
void inbox_deinit(struct inbox *inbox);

void inbox_post(struct inbox *inbox, struct inbox_item item);

/* Runs what waited when it was called, outside the lock. Returns whether
 * there was anything. */
bool inbox_drain(struct inbox *inbox);

/* How many items wait now. */
static inline size_t inbox_depth(struct inbox *inbox)
{
    return atomic_load_explicit(&inbox->depth, memory_order_relaxed);
}

#endif

#include "unit.h"

#include <pthread.h>
#include <sched.h>

#include "base/inbox.h"

struct receiver {
    struct inbox inbox;
    _Atomic unsigned wakes;
    unsigned seen[1000];
    unsigned count;
};

static void count_wake(void *arg)
{
    struct receiver *receiver = arg;
    receiver->wakes++;
}

static void note(void *subject, void *object)
{
    struct receiver *receiver = subject;
    receiver->seen[receiver->count++] = (unsigned)(uintptr_t)object;
}

static void post(struct receiver *receiver, unsigned number)
{
    inbox_post(&receiver->inbox,
               (struct inbox_item){note, receiver, (void *)(uintptr_t)number});
}

static void items_run_in_the_order_posted(void **state)
{
    (void)state;
    struct receiver receiver = {0};
    inbox_init(&receiver.inbox, count_wake, &receiver);
    for (unsigned i = 0; i < 500; i++)
        post(&receiver, i);
    assert_int_equal(inbox_depth(&receiver.inbox), 500);
    assert_int_equal(receiver.count, 0);
    assert_true(inbox_drain(&receiver.inbox));
    assert_int_equal(inbox_depth(&receiver.inbox), 0);
    assert_int_equal(receiver.count, 500);
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(receiver.seen[i], i);
    assert_false(inbox_drain(&receiver.inbox));
    inbox_deinit(&receiver.inbox);
}

static void only_the_first_item_of_a_batch_wakes(void **state)
{
    (void)state;
    struct receiver receiver = {0};
    inbox_init(&receiver.inbox, count_wake, &receiver);
    for (unsigned i = 0; i < 10; i++)
        post(&receiver, i);
    assert_int_equal(receiver.wakes, 1);
    inbox_drain(&receiver.inbox);
    post(&receiver, 10);
    assert_int_equal(receiver.wakes, 2);
    inbox_drain(&receiver.inbox);
    inbox_deinit(&receiver.inbox);
}

static void post_again(void *subject, void *object)
{
    struct receiver *receiver = subject;
    note(subject, object);
    post(receiver, 2);
}

static void items_posted_while_draining_wait_and_wake(void **state)
{
    (void)state;
    struct receiver receiver = {0};
    inbox_init(&receiver.inbox, count_wake, &receiver);
    inbox_post(&receiver.inbox, (struct inbox_item){post_again, &receiver,
                                                    (void *)(uintptr_t)1});
    assert_true(inbox_drain(&receiver.inbox));
    assert_int_equal(receiver.count, 1);
    assert_int_equal(inbox_depth(&receiver.inbox), 1);
    assert_int_equal(receiver.wakes, 2);
    assert_true(inbox_drain(&receiver.inbox));
    assert_int_equal(receiver.count, 2);
    inbox_deinit(&receiver.inbox);
}

static void count_item(void *subject, void *object)
{
    (void)object;
    (*(unsigned *)subject)++;
}

static void a_burst_leaves_no_memory_allocated(void **state)
{
    (void)state;
    struct receiver receiver = {0};
    unsigned count = 0;
    inbox_init(&receiver.inbox, count_wake, &receiver);
    for (unsigned i = 0; i < 100000; i++)
        inbox_post(&receiver.inbox,
                   (struct inbox_item){count_item, &count, NULL});
    inbox_drain(&receiver.inbox);
    assert_int_equal(count, 100000);
    assert_int_equal(receiver.inbox.draining.capacity, 0);
    assert_int_equal(receiver.inbox.waiting.capacity, 0);
    inbox_deinit(&receiver.inbox);
}

/* ---- several senders ---------------------------------------------- */

enum { SENDERS = 4, EACH = 20000 };

struct crowd {
    struct inbox inbox;
    pthread_mutex_t lock;
    pthread_cond_t awake;
    bool is_awake;
    /* owned by the receiver */
    unsigned next[SENDERS];
    unsigned out_of_order;
    unsigned count;
};

struct sender {
    struct crowd *crowd;
    unsigned index;
};

static void wake_crowd(void *arg)
{
    struct crowd *crowd = arg;
    pthread_mutex_lock(&crowd->lock);
    crowd->is_awake = true;
    pthread_cond_signal(&crowd->awake);
    pthread_mutex_unlock(&crowd->lock);
}

static void check_order(void *subject, void *object)
{
    struct crowd *crowd = subject;
    unsigned sender = (unsigned)((uintptr_t)object / EACH);
    unsigned number = (unsigned)((uintptr_t)object % EACH);
    if (crowd->next[sender]++ != number)
        crowd->out_of_order++;
    crowd->count++;
}

static void *send_all(void *arg)
{
    struct sender *sender = arg;
    for (uintptr_t i = 0; i < EACH; i++) {
        inbox_post(&sender->crowd->inbox,
                   (struct inbox_item){check_order, sender->crowd,
                                       (void *)(sender->index * EACH + i)});
        if (i % 64 == 0)
            sched_yield(); /* gives the receiver time to fall asleep */
    }
    return NULL;
}

/* Sleeps whenever the inbox is empty, so that a lost wake-up would hang. */
static void receive_all(struct crowd *crowd)
{
    while (crowd->count < SENDERS * EACH) {
        if (inbox_drain(&crowd->inbox))
            continue;
        pthread_mutex_lock(&crowd->lock);
        while (!crowd->is_awake)
            pthread_cond_wait(&crowd->awake, &crowd->lock);
        crowd->is_awake = false;
        pthread_mutex_unlock(&crowd->lock);
    }
}

static void the_order_of_each_sender_is_kept(void **state)
{
    (void)state;
    static struct crowd crowd = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                 .awake = PTHREAD_COND_INITIALIZER};
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    inbox_init(&crowd.inbox, wake_crowd, &crowd);
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){&crowd, i};
        pthread_create(&threads[i], NULL, send_all, &senders[i]);
    }
    receive_all(&crowd);
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd.count, SENDERS * EACH);
    assert_int_equal(crowd.out_of_order, 0);
    assert_int_equal(inbox_depth(&crowd.inbox), 0);
    inbox_deinit(&crowd.inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_run_in_the_order_posted),
        cmocka_unit_test(only_the_first_item_of_a_batch_wakes),
        cmocka_unit_test(items_posted_while_draining_wait_and_wake),
        cmocka_unit_test(a_burst_leaves_no_memory_allocated),
        cmocka_unit_test(the_order_of_each_sender_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

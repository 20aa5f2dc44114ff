#include "unit.h"

#include <libwebsockets.h>

enum { ITEMS = 200 };

struct item {
    lws_dll2_t place;
    int due;
    int number; /* later ones stand before equal ones */
};

static struct item items[ITEMS];

static int compare(const lws_dll2_t *a, const lws_dll2_t *b)
{
    return lws_container_of(a, const struct item, place)->due -
           lws_container_of(b, const struct item, place)->due;
}

static void expect_order(const lws_dll2_owner_t *list, int count)
{
    int seen = 0;
    const struct item *before = NULL;
    for (const lws_dll2_t *at = list->head; at; at = at->next) {
        const struct item *item =
            lws_container_of(at, const struct item, place);
        if (before) {
            assert_true(before->due <= item->due);
            if (before->due == item->due)
                assert_true(before->number > item->number);
        }
        before = item;
        seen++;
    }
    assert_int_equal(seen, count);
    assert_int_equal(list->count, count);
}

static void insert_all(int (*due)(int number))
{
    lws_dll2_owner_t list = {0};
    memset(items, 0, sizeof items);
    for (int i = 0; i < ITEMS; i++) {
        items[i].due = due(i);
        items[i].number = i;
        lws_dll2_add_sorted(&items[i].place, &list, compare);
        expect_order(&list, i + 1);
    }
}

static int later(int number)
{
    return number;
}

static int earlier(int number)
{
    return -number;
}

static int same(int number)
{
    return number * 0;
}

static int scattered(int number)
{
    return number * 7919 % 61;
}

static void the_list_is_sorted_whatever_comes(void **state)
{
    (void)state;
    insert_all(later);
    insert_all(earlier);
    insert_all(same);
    insert_all(scattered);
}

static int compared;

static int counting_compare(const lws_dll2_t *a, const lws_dll2_t *b)
{
    compared++;
    return compare(a, b);
}

static void the_ends_are_near(void **state)
{
    (void)state;
    lws_dll2_owner_t list = {0};
    memset(items, 0, sizeof items);
    for (int i = 0; i < ITEMS; i++) {
        items[i].due = i % 2 ? i : -i; /* long ones, and a short one each */
        compared = 0;
        lws_dll2_add_sorted(&items[i].place, &list, counting_compare);
        assert_in_range(compared, 0, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_sorted_whatever_comes),
        cmocka_unit_test(the_ends_are_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

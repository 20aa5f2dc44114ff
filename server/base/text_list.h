/* text_list: a list of owned texts, as config keys hold them.
 *
 * Owner:   the struct owns array and texts.
 * Thread:  one at a time; immutable once the server runs.
 * Limits:  none.
 * Failure: out of memory ends the process.
 */
#ifndef PEAL_BASE_TEXT_LIST_H
#define PEAL_BASE_TEXT_LIST_H

#include <stddef.h>

/* A zeroed struct is an empty list. */
struct text_list {
    char **items;
    size_t count;
};

/* Adds a copy. */
void text_list_add(struct text_list *list, const char *text);

void text_list_deinit(struct text_list *list);

#endif

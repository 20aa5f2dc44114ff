#include "base/text_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void text_list_add(struct text_list *list, const char *text)
{
    list->items =
        memory_resize(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = memory_copy_text(text, strlen(text));
}

void text_list_deinit(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct text_list){0};
}

/* The list of all scenarios, also printed by --help. */
#include "scenario.h"

#include <string.h>

extern const struct scenario scenario_idle;
extern const struct scenario scenario_echo;
extern const struct scenario scenario_fanout;
extern const struct scenario scenario_rooms;
extern const struct scenario scenario_churn;
extern const struct scenario scenario_storm;
extern const struct scenario scenario_chat;
extern const struct scenario scenario_shootout;
extern const struct scenario scenario_http;

const struct scenario *const scenarios[] = {
    &scenario_idle,   &scenario_echo,
    &scenario_fanout, &scenario_rooms,
    &scenario_churn,  &scenario_storm,
    &scenario_chat,   &scenario_shootout,
    &scenario_http,   NULL,
};

const struct scenario *scenario_find(const char *name)
{
    for (const struct scenario *const *s = scenarios; *s; s++)
        if (strcmp((*s)->name, name) == 0)
            return *s;
    return NULL;
}

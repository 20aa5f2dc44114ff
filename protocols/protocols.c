#include "protocols/protocols.h"

const struct protocol *const protocols[] = {
    &protocol_echo,
    &protocol_broadcast,
    &protocol_dashboard,
    NULL,
};

const char *const protocol_names[] = {
    "echo",
    "broadcast",
    PROTOCOL_DASHBOARD,
    NULL,
};

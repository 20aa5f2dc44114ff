#include "protocols/protocols.h"

const struct protocol *const protocols[] = {
    &protocol_echo,
    &protocol_broadcast,
    NULL,
};

const char *const protocol_names[] = {
    "echo",
    "broadcast",
    NULL,
};

#include "process/handed_check.h"

#include <string.h>

#include "base/log.h"
#include "config/config_check.h"

static bool check_auth(const struct config *config, int fd, struct error *error)
{
    char address[IP_ADDRESS_TEXT];
    struct config here = *config;
    here.host = address;
    listen_socket_address(fd, address);
    return config_check_auth(&here, error);
}

static bool is_wanted(const struct config *config,
                      const struct listen_socket *handed, const char *place)
{
    const struct admin_options *admin = &config->admin;
    switch (handed->kind) {
    case LISTENER_PUBLIC:
        return listen_socket_is_at(handed->fd, config->host, config->port);
    case LISTENER_ADMIN:
        return admin->host &&
               listen_socket_is_at(handed->fd, admin->host, admin->port);
    default:
        return admin->socket && strcmp(admin->socket, place) == 0;
    }
}

static void warn_of_place(const struct config *config,
                          const struct listen_socket *handed)
{
    static const char *const keys[LISTENER_KINDS] = {
        "host,port", "admin.host,admin.port", "admin.socket"};
    char place[LISTEN_PLACE_TEXT];
    listen_socket_print(handed->fd, place);
    if (!is_wanted(config, handed, place))
        log_event(LOG_WARN,
                  "Listening on the sockets passed to the process, not where "
                  "the config says",
                  LOG_TEXT("address", place),
                  LOG_TEXT("keys", keys[handed->kind]));
}

bool handed_check(const struct config *config, const struct handed *handed,
                  struct error *error)
{
    bool is_seen[LISTENER_KINDS] = {0};
    for (uint32_t i = 0; i < handed->count; i++) {
        const struct listen_socket *socket = &handed->sockets[i];
        if (socket->kind == LISTENER_PUBLIC &&
            !check_auth(config, socket->fd, error))
            return false;
        if (!is_seen[socket->kind])
            warn_of_place(config, socket);
        is_seen[socket->kind] = true;
    }
    return true;
}

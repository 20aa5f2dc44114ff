/* The whole server except main, with real sockets and libwebsockets: one
 * connection per input. The first byte selects what precedes the input:
 * nothing, or the handshake of a protocol, with the lines as messages or raw
 * bytes. The server must answer correctly and close the connection. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "bus/local/bus_local.h"
#include "config/config_load.h"
#include "fuzz.h"
#include "messaging/bans.h"
#include "messaging/client_rates.h"
#include "messaging/deliveries.h"
#include "messaging/hub.h"
#include "messaging/refusal_log.h"
#include "messaging/refusals.h"
#include "net/net.h"
#include "protocols/protocols.h"

static struct net *net;

static bool is_ready(void *arg, const char **why)
{
    (void)arg;
    (void)why;
    return true;
}

static bool origin_is_allowed(void *arg, struct bytes origin, struct bytes host,
                              bool is_secure)
{
    return auth_origin_is_allowed(arg, origin, host, is_secure);
}

static void write_metrics(void *arg, struct buffer *out)
{
    (void)arg;
    net_write_metrics(net, NULL, 0, out);
}

static bool judge_token(void *arg, struct bytes token, const char *client_id,
                        struct identity *identity, enum refusal_reason *reason,
                        const char **why)
{
    struct verdict verdict;
    auth_judge_token(arg, token, client_id, &verdict);
    *identity = verdict.identity;
    *reason = verdict.why;
    *why = verdict.error;
    return verdict.status == 101;
}

/* Lives as long as the process, like in a server. */
static void start_server(void)
{
    static struct instance instance;
    struct error error = {0};
    struct config *config = config_load(&(struct config_sources){0}, &error);
    PANIC_IF(!config);
    /* thousands of invalid handshakes per second come from here */
    config->messaging.limits.refusals_per_second = 0;
    config->auth.loopback_hosts = false; /* the corpus uses other hosts */
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    signal(SIGPIPE, SIG_IGN);
    struct auth *auth = auth_new(&config->auth, protocols, &error);
    PANIC_IF(!auth);
    struct api_options options = config->api;
    options.key = (char *)"key-of-the-fuzzer";
    struct api *api =
        api_new(&(struct api_sources){.is_ready = is_ready,
                                      .origin_is_allowed = origin_is_allowed,
                                      .write_metrics = write_metrics,
                                      .arg = auth},
                &options, NULL, &error);
    instance.options = &config->messaging;
    instance.hub = hub_new(deliveries_push);
    instance.clients = clients_new();
    instance.client_rates = client_rates_new();
    instance.refusals = refusals_new();
    instance.refusal_log = refusal_log_new();
    instance.bans = bans_new();
    instance.bus = bus_local_new(&instance);
    instance.token_judge = (struct token_judge){judge_token, auth};
    net = net_new(&(struct net_options){.host = "127.0.0.1",
                                        .admin = &(struct admin_options){0},
                                        .workers = 1,
                                        .default_channel = "lobby"},
                  &instance, auth, protocols, &error);
    PANIC_IF(!net || !api);
    net_start(net, api);
}

static int connect_to_it(void)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)net->ports[LISTENER_PUBLIC]),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    PANIC_IF(fd < 0);
    /* no port may stay occupied by an old connection, because there are so
     * many */
    const struct linger at_once = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    while (connect(fd, (const struct sockaddr *)&address, sizeof address) &&
           errno != EISCONN) {
        /* ports stay in TIME_WAIT after the server closes; a signal ends the
         * fuzzer */
        PANIC_IF(errno != EADDRNOTAVAIL && errno != EINTR && errno != EALREADY);
        usleep(10000);
    }
    return fd;
}

static void append_handshake(struct buffer *out, const char *protocol)
{
    buffer_append_format(out,
                         "GET /ws/alice?protocol=%s HTTP/1.1\r\nHost: x\r\n"
                         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                         "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                         protocol);
}

/* Each line as a masked text frame with a zero mask. */
static void append_messages(struct buffer *out, struct bytes lines)
{
    while (lines.len) {
        const char *end = memchr(lines.data, '\n', lines.len);
        size_t len = end ? (size_t)(end - lines.data) : lines.len;
        char header[] = {(char)0x81,
                         (char)(0x80 | 126),
                         (char)(len >> 8),
                         (char)len,
                         0,
                         0,
                         0,
                         0};
        if (len < 126) {
            header[1] = (char)(0x80 | len);
            buffer_append(out, (struct bytes){header, 2});
            buffer_append(out, (struct bytes){header + 4, 4});
        } else {
            buffer_append(out, (struct bytes){header, sizeof header});
        }
        buffer_append(out, (struct bytes){lines.data, len});
        lines = bytes_skip(lines, len + 1);
    }
}

static void read_to_end(int fd, struct buffer *out)
{
    enum { PATIENCE_MS = 20000 };
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        PANIC_IF(poll(&wait, 1, PATIENCE_MS) == 0); /* the server hangs */
        ssize_t got = read(fd, buffer_reserve(out, 65536), 65536);
        if (got <= 0)
            return;
        out->len += (size_t)got;
    }
}

static void check_answer(struct bytes answer, bool is_open)
{
    PANIC_IF(answer.len && !bytes_start_with(answer, BYTES_LITERAL("HTTP/1.")));
    if (is_open)
        PANIC_IF(!bytes_start_with(answer, BYTES_LITERAL("HTTP/1.1 101")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!net)
        start_server();
    if (!size || size > 60000)
        return 0;
    struct buffer out = {0};
    struct buffer answer = {0};
    unsigned kind = data[0] % 4;
    struct bytes rest = {(const char *)data + 1, size - 1};
    if (kind)
        append_handshake(&out, kind == 1 ? "echo" : "broadcast");
    if (kind == 3)
        append_messages(&out, rest);
    else
        buffer_append(&out, rest);
    int fd = connect_to_it();
    bool sent =
        write(fd, out.data ? out.data : "", out.len) == (ssize_t)out.len;
    shutdown(fd, SHUT_WR);
    read_to_end(fd, &answer);
    check_answer(buffer_bytes(&answer), sent && kind);
    close(fd);
    buffer_deinit(&out);
    buffer_deinit(&answer);
    return 0;
}

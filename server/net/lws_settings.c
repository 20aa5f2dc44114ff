#include "net/lws_settings.h"

#include <stdlib.h>

#include <libwebsockets.h>

#include "base/loop.h"
#include "base/memory.h"
#include "net/dispatch.h"
#include "net/reactor.h"
#include "net/tls/tls.h"

enum {
    SERVICE_BUFFER = 65536,
    LWS_GRACE_SECONDS = 10 /* Peal's own time-outs come first */
};

/* With an allocator of ours the library drops a statistics counter that all
 * threads would write. */
static void *reallocate(void *memory, size_t size, const char *reason)
{
    (void)reason;
    if (size)
        return memory_resize(memory, size, 1); /* it would continue without */
    free(memory);
    return NULL;
}

void lws_settings_prepare(void)
{
    /* its messages share one buffer for all threads, and peers can cause them
     * at will */
    lws_set_log_level(0, NULL);
    lws_set_allocator(reallocate);
}

/* Without rx_buffer_size 4.3 reads as much as the thread's buffer holds, as 4.1
 * always does. */
static const struct lws_protocols protocols[] = {
    {.name = "peal", .callback = dispatch_event},
    {0},
};

/* No timer of libwebsockets for an idle connection: worker_tick pings. */
static const lws_retry_bo_t no_idle_policy;

/* Each socket counts itself in what logs for it, without a lock, and the
 * library aborts when the count goes wrong. So threads share none. */
static void give_log(struct reactor *reactor,
                     struct lws_context_creation_info *info)
{
#if LWS_LIBRARY_VERSION_NUMBER >= 4003000
    reactor->lws_log = memory_new(1, sizeof *reactor->lws_log);
    info->log_cx = reactor->lws_log;
#else
    (void)reactor;
    (void)info;
#endif
}

bool lws_settings_apply(struct reactor *reactor)
{
    void *loops[1] = {loop_native(reactor->loop)};
    uint32_t seconds =
        reactor->net->instance->options->limits.handshake_seconds +
        LWS_GRACE_SECONDS;
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_DISABLE_IPV6,
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .foreign_loops = loops,
        .pcontext = &reactor->lws_context,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .pt_serv_buf_size = SERVICE_BUFFER,
        .timeout_secs = seconds, /* of a TLS handshake */
        .protocols = protocols,
        .retry_and_idle_policy = &no_idle_policy,
        .alpn = "http/1.1",
        .vhost_name = "peal",
        .user = reactor,
    };
    if (reactor->net->tls) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                        LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
        info.provided_client_ssl_ctx = tls_client_context(reactor->net->tls);
    }
    give_log(reactor, &info);
    reactor->lws_context = lws_create_context(&info);
    /* with a foreign loop the context may exist but be broken: check the vhost
     * (see DECISIONS.md, libwebsockets) */
    if (reactor->lws_context)
        reactor->lws_vhost = lws_create_vhost(reactor->lws_context, &info);
    return reactor->lws_vhost != NULL;
}

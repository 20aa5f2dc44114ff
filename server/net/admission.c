#include "net/admission.h"

#include <stdlib.h>

#include "base/loop.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "messaging/tickets.h"
#include "net/handshake.h"
#include "net/held_response.h"
#include "net/reactor.h"
#include "net/websocket.h"

struct admission {
    struct socket *socket;  /* NULL: gone */
    struct verdict verdict; /* whose identity may have no caps yet */
    bool keeps_caps; /* see connection.h */
    bool keeps_expiry;
    struct buffer about;    /* what the application is told of the handshake */
};

static const struct refusal too_many = {429, "Too many connections", NULL,
                                        CLOSE_NONE, NULL};
static const struct refusal unavailable = {503, "Unavailable", NULL, CLOSE_NONE,
                                           NULL};

struct refusal admission_refusal_of(const struct verdict *verdict)
{
    /* libwebsockets accepts no handshake without a protocol it knows */
    bool explicable = verdict->status == 401 || verdict->status == 403;
    return (struct refusal){verdict->status, verdict->error, verdict->reason,
                            explicable ? verdict->close : CLOSE_NONE,
                            verdict->protocol};
}

/* The channels named in the URL: none means the default one, and an empty
 * name none at all. */
static void read_channels(struct socket *socket, struct headers *headers)
{
    const struct net *net = socket->reactor->net;
    size_t max = net->instance->options->limits.channels_per_connection;
    struct bytes *channels = NULL;
    size_t count = 0;
    size_t text_len = 0;
    struct bytes name = headers_query(headers, "channel", 0);
    if (!name.data)
        name = bytes_of(net->options.default_channel);
    for (size_t i = 1; name.data && count < max; i++) {
        if (name.len) {
            channels = memory_resize(channels, count + 1, sizeof *channels);
            channels[count++] = name;
            text_len += name.len;
        }
        name = headers_query(headers, "channel", i);
    }
    struct opening *opening = memory_new(1, sizeof *opening + text_len);
    char *at = opening->text;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, channels[i].data, channels[i].len);
        channels[i].data = at;
        at += channels[i].len;
    }
    opening->channels = channels;
    opening->channel_count = count;
    socket->opening = opening;
}

/* False: it has too many. Takes the verdict's identity. */
static bool connect_client(struct socket *socket, const struct verdict *verdict)
{
    struct reactor *reactor = socket->reactor;
    const struct protocol *protocol =
        protocol_find(reactor->net->protocols, verdict->protocol);
    PANIC_IF(!protocol); /* auth chose it out of the same table */
    socket->connection =
        connection_new(&reactor->worker, protocol, &websocket_transport, socket,
                       verdict->client_id, verdict->identity);
    if (socket->connection)
        return true;
    caps_unref(verdict->identity.caps);
    metrics_add(&reactor->worker.metrics, METRIC_LIMIT_CLIENT, 1);
    return false;
}

/* It counts from here on, and its channels are known. */
static void expect_open(struct socket *socket, const struct verdict *verdict,
                        struct headers *headers)
{
    socket->is_counted = true;
    socket->reactor->net->connections++;
    read_channels(socket, headers);
    socket->opening->protocol = verdict->protocol;
}

/* ---- what comes later --------------------------------------------------- */

static struct admission *hold(struct socket *socket, struct verdict *verdict,
                              struct headers *headers)
{
    struct admission *admission = memory_new(1, sizeof *admission);
    admission->socket = socket;
    admission->verdict = *verdict;
    socket->admission = admission;
    expect_open(socket, verdict, headers);
    held_response_begin(socket);
    return admission;
}

static void free_admission(struct admission *admission)
{
    if (admission->socket)
        admission->socket->admission = NULL;
    buffer_deinit(&admission->about);
    free(admission);
}

void admission_abandon(struct socket *socket)
{
    if (socket->admission)
        socket->admission->socket = NULL;
    socket->admission = NULL;
    held_response_drop(socket);
}

/* The client hears of the upgrade, and is read from again. */
static void let_go_on(struct socket *socket)
{
    struct reactor *reactor = socket->reactor;
    lws_rx_flow_control(socket->wsi, 1);
    loop_wake(reactor->loop); /* frames behind the handshake may be held */
    if (held_response_release(socket))
        websocket_on_open(socket);
    else
        socket_close(socket);
}

static void refuse_late(struct socket *socket, const struct refusal *refusal)
{
    refusal_count(socket, refusal);
    opening_free(socket->opening);
    socket->opening = NULL;
    if (refusal_explain(socket, refusal)) {
        let_go_on(socket);
        return;
    }
    held_response_drop(socket);
    refusal_write(socket, refusal);
    socket_close(socket);
}

/* Whatever was asked said yes. */
static void finish(struct admission *admission)
{
    struct socket *socket = admission->socket;
    bool is_connected = connect_client(socket, &admission->verdict);
    if (is_connected) {
        socket->connection->keeps_caps = admission->keeps_caps;
        socket->connection->keeps_expiry = admission->keeps_expiry;
    }
    free_admission(admission);
    if (is_connected)
        let_go_on(socket);
    else
        refuse_late(socket, &too_many);
}

static void refuse_held(struct admission *admission,
                        const struct refusal *refusal)
{
    struct socket *socket = admission->socket;
    caps_unref(admission->verdict.identity.caps);
    free_admission(admission);
    if (socket)
        refuse_late(socket, refusal);
}

/* ---- the application ---------------------------------------------------- */

static struct hooks *hooks_of(const struct socket *socket)
{
    return socket->reactor->net->instance->hooks;
}

/* A dashboard is the operator's: the application has no say. */
static bool is_asked(const struct socket *socket, const struct verdict *verdict)
{
    return hook_is_asked(hooks_of(socket), HOOK_CONNECT, (struct bytes){0}) &&
           strcmp(verdict->protocol, PROTOCOL_DASHBOARD) != 0;
}

/* What is no UTF-8 cannot stand in JSON. */
static void append_header(struct buffer *about, const char *name,
                          struct bytes value)
{
    if (value.len && utf8_is_valid(value))
        hook_append_text(about, name, value);
}

static void append_channels(struct buffer *about, const struct opening *opening)
{
    buffer_append_text(about, ",\"channels\":[");
    for (size_t i = 0, count = 0; i < opening->channel_count; i++) {
        if (!channel_name_is_valid(opening->channels[i]))
            continue;
        if (count++)
            buffer_append_char(about, ',');
        buffer_append_json_string(about, opening->channels[i]);
    }
    buffer_append_char(about, ']');
}

/* While the headers are there. */
static void describe(struct admission *admission, struct headers *headers)
{
    static const struct {
        const char *name;
        enum lws_token_indexes token;
    } others[] = {{"cookie", WSI_TOKEN_HTTP_COOKIE},
                  {"authorization", WSI_TOKEN_HTTP_AUTHORIZATION},
                  {"user-agent", WSI_TOKEN_HTTP_USER_AGENT}};
    const struct socket *socket = admission->socket;
    const struct hooks *hooks = hooks_of(socket);
    struct buffer *about = &admission->about;
    char address[IP_ADDRESS_TEXT];
    ip_address_print(ip_count_address(socket->ip), address);
    hook_append_text(about, "address", bytes_of(address));
    hook_append_text(about, "protocol", bytes_of(admission->verdict.protocol));
    append_channels(about, socket->opening);
    append_header(about, "origin", headers_get(headers, WSI_TOKEN_ORIGIN));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (hook_shows_header(hooks, others[i].name))
            append_header(about, others[i].name,
                          headers_get(headers, others[i].token));
}

static struct refusal refusal_by(const struct admission *admission,
                                 const struct question *question)
{
    if (question->result == HOOK_FAILED)
        return unavailable;
    int status = question->status;
    enum close_reason close = status == 401   ? CLOSE_TOKEN_INVALID
                              : status == 403 ? CLOSE_FORBIDDEN
                                              : CLOSE_NONE;
    const char *why =
        question->reason[0] ? question->reason : "Refused by the application";
    return (struct refusal){status, why, NULL, close,
                            admission->verdict.protocol};
}

static void take_claims(struct admission *admission,
                        struct question *question)
{
    struct identity *identity = &admission->verdict.identity;
    admission->keeps_caps = question->caps != NULL;
    admission->keeps_expiry = question->has_expiry;
    if (question->caps) {
        caps_unref(identity->caps);
        identity->caps = caps_ref(question->caps);
    }
    if (question->has_expiry)
        identity->expires_seconds = question->expires_seconds;
}

static void on_judged(struct worker *worker, struct question *question)
{
    (void)worker;
    struct admission *admission = question->subject;
    if (!admission->socket || question->result != HOOK_ALLOWED) {
        const struct refusal refusal = refusal_by(admission, question);
        refuse_held(admission, &refusal);
    } else {
        take_claims(admission, question);
        finish(admission);
    }
    question_free(question);
}

static void ask_application(struct admission *admission)
{
    struct socket *socket = admission->socket;
    struct question *question = question_new(
        HOOK_CONNECT, &socket->reactor->worker, admission->verdict.client_id);
    buffer_append(&question->body, buffer_bytes(&admission->about));
    question->subject = admission;
    question->done = on_judged;
    hook_ask(hooks_of(socket), question);
}

bool admission_let_in(struct socket *socket, struct verdict *verdict,
                      struct headers *headers)
{
    if (is_asked(socket, verdict)) {
        struct admission *admission = hold(socket, verdict, headers);
        describe(admission, headers);
        ask_application(admission);
        return true;
    }
    if (!connect_client(socket, verdict))
        return refusal_give(socket, &too_many);
    expect_open(socket, verdict, headers);
    return true;
}

/* ---- tickets: the bus says later whether one is good ------------------- */

static void on_redeemed(struct worker *worker, struct request *request)
{
    struct admission *admission = request->call;
    struct verdict *verdict = &admission->verdict;
    if (!admission->socket || request->fault != FAULT_NONE) {
        refuse_held(admission, &unavailable);
        return;
    }
    auth_judge_ticket(admission->socket->reactor->net->auth, request->ticket,
                      verdict);
    if (verdict->status != 101) {
        const struct refusal refusal = admission_refusal_of(verdict);
        refuse_held(admission, &refusal);
        return;
    }
    metrics_add(&worker->metrics, METRIC_TICKETS_REDEEMED, 1);
    if (is_asked(admission->socket, verdict))
        ask_application(admission);
    else
        finish(admission);
}

bool admission_redeem(struct socket *socket, struct verdict *verdict,
                      struct bytes ticket, struct headers *headers)
{
    struct worker *worker = &socket->reactor->worker;
    if (!ticket_is_valid(ticket)) {
        auth_judge_ticket(socket->reactor->net->auth, NULL, verdict);
        const struct refusal refusal = admission_refusal_of(verdict);
        return refusal_give(socket, &refusal);
    }
    struct admission *admission = hold(socket, verdict, headers);
    if (is_asked(socket, verdict))
        describe(admission, headers);
    struct request *request = request_new(REQUEST_REDEEM, ticket,
                                          (struct bytes){0}, (struct bytes){0});
    request->done = on_redeemed;
    request->worker = worker;
    request->call = admission;
    bus_submit(worker->instance->bus, request);
    return true;
}

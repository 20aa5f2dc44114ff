#include "net/websocket/admission.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "messaging/bans.h"
#include "messaging/bus.h"
#include "messaging/hook.h"
#include "messaging/lifecycle.h"
#include "messaging/refusals.h"
#include "messaging/store/tickets.h"
#include "net/http/client_cors.h"
#include "net/http/client_request.h"
#include "net/http/event_stream.h"
#include "net/http/request_head.h"
#include "net/reactor.h"
#include "net/websocket/opening.h"
#include "net/websocket/websocket.h"

struct admission {
    struct socket *socket;  /* NULL: closed */
    struct verdict verdict; /* its identity may have no caps yet */
    bool keeps_caps;        /* see connection.h */
    bool keeps_info;
    bool keeps_expiry;
    struct buffer about; /* handshake data for the application */
};

struct refusal admission_refusal_of(const struct verdict *verdict)
{
    return (struct refusal){.why = verdict->why,
                            .reason = verdict->reason,
                            .protocol = verdict->protocol,
                            .client_id = verdict->client_id};
}

/* The capabilities of an accepted client. */
static struct refusal refusal_for(const struct verdict *verdict,
                                  enum refusal_reason why)
{
    return (struct refusal){.why = why,
                            .protocol = verdict->protocol,
                            .client_id = verdict->client_id};
}

static size_t count_text(const struct bytes *channels, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += channels[i].len;
    return len;
}

/* Copies the names into the opening's text. */
static void keep_channels(struct opening *opening, struct bytes *channels,
                          size_t count)
{
    char *at = opening->text;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, channels[i].data, channels[i].len);
        channels[i].data = at;
        at += channels[i].len;
    }
    opening->channels = channels;
    opening->channel_count = count;
}

static bool wants_hello(struct socket *socket, const struct request_head *head)
{
    struct bytes rest = head->query;
    struct bytes value =
        request_query_next(&rest, "hello", &socket->reactor->decoded);
    return bytes_equal(value, BYTES_LITERAL("1"));
}

/* The channels in the URL: no parameter means the default one, an empty name
 * none. */
static void read_channels(struct socket *socket,
                          const struct request_head *head)
{
    struct reactor *reactor = socket->reactor;
    const struct net *net = reactor->net;
    size_t max = net->instance->options->limits.channels_per_connection;
    struct bytes rest = head->query;
    struct bytes *channels = NULL;
    size_t count = 0;
    struct bytes name = request_query_next(&rest, "channel", &reactor->decoded);
    if (!name.data)
        name = bytes_of(net->options.default_channel);
    while (name.data && count < max) {
        if (name.len) {
            channels = memory_resize(channels, count + 1, sizeof *channels);
            channels[count++] = name;
        }
        name = request_query_next(&rest, "channel", &reactor->decoded);
    }
    struct opening *opening = opening_new(head, count_text(channels, count));
    keep_channels(opening, channels, count);
    socket_extra(socket)->opening = opening;
}

static void accept_client(struct socket *socket)
{
    switch (socket_peek(socket)->opening->protocol->endpoint->kind) {
    case ENDPOINT_WEBSOCKET:
        websocket_accept(socket);
        break;
    case ENDPOINT_EVENT_STREAM:
        event_stream_accept(socket);
        break;
    case ENDPOINT_REQUEST:
        client_request_accept(socket);
        break;
    }
}

static void tell_accepted(const struct socket *socket,
                          const struct verdict *verdict)
{
    char address[IP_ADDRESS_TEXT];
    if (!log_is_on(LOG_DEBUG))
        return;
    ip_address_print(ip_count_address(socket->ip), address);
    log_limited(LOG_DEBUG, 100, "Handshake accepted",
                LOG_TEXT("address", address),
                LOG_TEXT("client", verdict->client_id),
                LOG_TEXT("protocol", verdict->protocol->name),
                LOG_NUMBER("expires", verdict->identity.expires_seconds));
}

static struct connection *new_connection(struct socket *socket,
                                         struct verdict *verdict)
{
    struct worker *worker = &socket->reactor->worker;
    const struct protocol *protocol = verdict->protocol;
    enum endpoint_kind kind = protocol->endpoint->kind;
    if (kind == ENDPOINT_REQUEST)
        return connection_new_brief(worker, protocol, &client_request_transport,
                                    socket, verdict->client_id,
                                    verdict->identity);
    return connection_new(worker, protocol,
                          kind == ENDPOINT_EVENT_STREAM
                              ? &event_stream_transport
                              : &websocket_transport,
                          socket, verdict->client_id, verdict->identity);
}

/* False: it has too many. Takes the verdict's identity. */
static bool connect_client(struct socket *socket, struct verdict *verdict)
{
    struct reactor *reactor = socket->reactor;
    socket->connection = new_connection(socket, verdict);
    if (socket->connection) {
        tell_accepted(socket, verdict);
        return true;
    }
    identity_deinit(&verdict->identity);
    metrics_add(&reactor->worker.metrics, METRIC_LIMIT_CLIENT, 1);
    return false;
}

/* Registers the connection and its channels. */
static void expect_open(struct socket *socket, const struct verdict *verdict,
                        const struct request_head *head)
{
    enum endpoint_kind kind = verdict->protocol->endpoint->kind;
    if (kind == ENDPOINT_REQUEST) {
        socket_extra(socket)->opening = opening_new(head, 0);
        socket_peek(socket)->opening->cors = client_cors(socket, head);
    } else {
        socket->is_counted = !socket_is_admin(socket);
        socket->reactor->net->connections += socket->is_counted;
        read_channels(socket, head);
    }
    struct opening *opening = socket_peek(socket)->opening;
    opening->protocol = verdict->protocol;
    opening->wants_hello = wants_hello(socket, head);
    if (kind == ENDPOINT_EVENT_STREAM)
        event_stream_keep(socket, head);
    socket_move(socket, NULL);
}

/* ---- what comes later --------------------------------------------------- */

static struct admission *hold(struct socket *socket, struct verdict *verdict,
                              const struct request_head *head)
{
    struct admission *admission = memory_new(1, sizeof *admission);
    admission->socket = socket;
    admission->verdict = *verdict;
    socket_extra(socket)->admission = admission;
    expect_open(socket, verdict, head);
    stream_pause(socket);
    return admission;
}

static void free_admission(struct admission *admission)
{
    if (admission->socket)
        socket_extra(admission->socket)->admission = NULL;
    buffer_deinit(&admission->about);
    free(admission);
}

void admission_abandon(struct socket *socket)
{
    if (!socket_peek(socket)->admission)
        return;
    socket->extra->admission->socket = NULL;
    socket->extra->admission = NULL;
}

static void refuse_held(struct admission *admission,
                        const struct refusal *refusal)
{
    struct socket *socket = admission->socket;
    identity_deinit(&admission->verdict.identity);
    if (socket) {
        admission_abandon(socket);
        stream_resume(socket);
        refusal_give_late(socket, refusal);
    }
    free_admission(admission);
}

static void refuse_with(struct admission *admission, enum refusal_reason why)
{
    const struct refusal refusal = refusal_for(&admission->verdict, why);
    refuse_held(admission, &refusal);
}

/* Its account may have a new password meanwhile. */
static bool is_revoked(const struct admission *admission)
{
    const struct verdict *verdict = &admission->verdict;
    return bans_revoke_identity(admission->socket->reactor->net->instance->bans,
                                verdict->client_id, &verdict->identity);
}

/* All queries were successful. */
static void finish(struct admission *admission)
{
    struct socket *socket = admission->socket;
    if (is_revoked(admission)) {
        refuse_with(admission, REFUSAL_TOKEN_INVALID);
        return;
    }
    bool is_connected = connect_client(socket, &admission->verdict);
    if (is_connected) {
        socket->connection->keeps_caps = admission->keeps_caps;
        socket->connection->keeps_info = admission->keeps_info;
        socket->connection->keeps_expiry = admission->keeps_expiry;
    }
    admission_abandon(socket);
    stream_resume(socket); /* frames may have arrived after the request */
    if (is_connected) {
        accept_client(socket);
    } else {
        const struct refusal refusal =
            refusal_for(&admission->verdict, REFUSAL_CLIENT_LIMIT);
        refusal_give_late(socket, &refusal);
    }
    free_admission(admission);
}

/* ---- the application ---------------------------------------------------- */

static struct hooks *hooks_of(const struct socket *socket)
{
    return socket->reactor->net->instance->hooks;
}

/* The application is not asked about operators and unidentified clients. */
static bool is_asked(const struct socket *socket, const struct verdict *verdict)
{
    return hook_is_asked(hooks_of(socket), HOOK_CONNECT, (struct bytes){0}) &&
           *verdict->client_id && !verdict->protocol->is_for_operators;
}

/* See refusals.h. */
static bool may_ask(const struct socket *socket)
{
    const struct net *net = socket->reactor->net;
    return refusals_are_few(net->instance, REFUSER_APPLICATION,
                            ip_count_address(socket->ip));
}

/* Only valid UTF-8 can be put into JSON. */
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

/* Call while the request is available. */
static void describe(struct admission *admission,
                     const struct request_head *head)
{
    static const struct {
        const char *name;
        enum request_field field;
    } others[] = {{"cookie", FIELD_COOKIE},
                  {"authorization", FIELD_AUTHORIZATION},
                  {"user-agent", FIELD_USER_AGENT}};
    const struct socket *socket = admission->socket;
    const struct hooks *hooks = hooks_of(socket);
    struct buffer *about = &admission->about;
    char address[IP_ADDRESS_TEXT];
    ip_address_print(ip_count_address(socket->ip), address);
    hook_append_text(about, "address", bytes_of(address));
    hook_append_text(about, "protocol",
                     bytes_of(admission->verdict.protocol->name));
    append_channels(about, socket_peek(socket)->opening);
    append_header(about, "origin", head->fields[FIELD_ORIGIN]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (hook_shows_header(hooks, others[i].name))
            append_header(about, others[i].name, head->fields[others[i].field]);
}

static struct refusal refusal_by(const struct admission *admission,
                                 const struct question *question)
{
    bool has_failed = question->result == HOOK_FAILED;
    struct refusal refusal =
        refusal_for(&admission->verdict,
                    has_failed ? REFUSAL_NO_ANSWER : REFUSAL_APPLICATION);
    if (!has_failed) {
        refusal.status = question->status;
        if (question->reason[0])
            refusal.error = question->reason;
    }
    return refusal;
}

static void take_claims(struct admission *admission, struct question *question)
{
    struct identity *identity = &admission->verdict.identity;
    admission->keeps_caps = question->caps != NULL;
    admission->keeps_info = question->info != NULL;
    admission->keeps_expiry = question->has_expiry;
    if (question->caps) {
        caps_take_literally(question->caps,
                            bytes_of(admission->verdict.client_id));
        caps_unref(identity->caps);
        identity->caps = caps_ref(question->caps);
    }
    if (question->info) {
        free(identity->info);
        identity->info = question->info;
        question->info = NULL;
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

void admission_let_in(struct socket *socket, struct verdict *verdict,
                      const struct request_head *head)
{
    if (is_asked(socket, verdict) && !may_ask(socket)) {
        const struct refusal refusal = refusal_for(verdict, REFUSAL_RATE);
        identity_deinit(&verdict->identity);
        refusal_give(socket, &refusal, head);
        return;
    }
    if (is_asked(socket, verdict)) {
        struct admission *admission = hold(socket, verdict, head);
        describe(admission, head);
        ask_application(admission);
        return;
    }
    if (!connect_client(socket, verdict)) {
        const struct refusal refusal =
            refusal_for(verdict, REFUSAL_CLIENT_LIMIT);
        refusal_give(socket, &refusal, head);
        return;
    }
    expect_open(socket, verdict, head);
    accept_client(socket);
}

/* ---- tickets: the bus says later whether one is good ------------------- */

static void on_redeemed(struct worker *worker, struct request *request)
{
    struct admission *admission = request->call;
    struct verdict *verdict = &admission->verdict;
    if (!admission->socket || request->fault != FAULT_NONE) {
        refuse_with(admission, REFUSAL_UNAVAILABLE);
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
    if (!is_asked(admission->socket, verdict))
        finish(admission);
    else if (may_ask(admission->socket))
        ask_application(admission);
    else
        refuse_with(admission, REFUSAL_RATE);
}

void admission_redeem(struct socket *socket, struct verdict *verdict,
                      struct bytes ticket, const struct request_head *head)
{
    struct worker *worker = &socket->reactor->worker;
    if (!ticket_is_valid(ticket)) {
        auth_judge_ticket(socket->reactor->net->auth, NULL, verdict);
        const struct refusal refusal = admission_refusal_of(verdict);
        refusal_give(socket, &refusal, head);
        return;
    }
    struct admission *admission = hold(socket, verdict, head);
    if (is_asked(socket, verdict))
        describe(admission, head);
    struct request *request = request_new(REQUEST_REDEEM, ticket,
                                          (struct bytes){0}, (struct bytes){0});
    request->done = on_redeemed;
    request->worker = worker;
    request->call = admission;
    bus_submit(worker->instance->bus, request);
}

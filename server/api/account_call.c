#include "api/account_call.h"

#include <stdio.h>
#include <stdlib.h>

#include "accounts/accounts.h"
#include "api/account_fields.h"
#include "api/answer.h"
#include "api/api_access.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/utc_time.h"
#include "messaging/audit.h"
#include "messaging/bans.h"
#include "messaging/bus.h"

enum { LIST_LIMIT = 10, LIST_LIMIT_MAX = 100 };

/* ---- who may ---------------------------------------------------------------
 */

static bool refuse(struct worker *worker, const struct api_request *request,
                   int status, const char *error, struct api_response *response)
{
    answer_set_error(response, status, error);
    if (status != 404)
        api_access_note_refusal(worker, &request->client, request->path,
                                status);
    return false;
}

/* A key of a backend, or an access token. */
static bool identify(const struct api_accounts *accounts, struct api_keys *keys,
                     struct worker *worker, const struct api_request *request,
                     struct account_actor *actor)
{
    struct bytes bearer = api_access_bearer(request->authorization);
    uint32_t generation;
    actor->key = bearer.len ? api_keys_find(keys, bearer) : NULL;
    if (actor->key)
        return true;
    if (accounts->judge(accounts->arg, bearer, actor->id, &generation) &&
        !bans_revoke_token(worker->instance->bans, actor->id, generation))
        return true;
    actor->id[0] = '\0';
    return false;
}

static bool judge_user(const struct api_accounts *accounts,
                       struct worker *worker, const struct api_request *request,
                       const struct account_route *route, struct bytes id,
                       const struct account_actor *actor,
                       struct api_response *response)
{
    bool is_self = bytes_equal(id, bytes_of(actor->id));
    if (route->access == ACCESS_BACKEND)
        return refuse(worker, request, 403, "API key required", response);
    bool sees_others = accounts_options(accounts->accounts)->directory &&
                       (route->op == ACCOUNT_GET || route->op == ACCOUNT_LIST);
    if (route->access == ACCESS_SELF || is_self || sees_others)
        return true;
    return refuse(worker, request, 403,
                  route->op == ACCOUNT_LIST
                      ? "API key required to list users"
                      : "Only the user itself may do this",
                  response);
}

/* Sign-up needs no credentials if it is open to everyone. */
static bool is_open(const struct api_accounts *accounts,
                    const struct api_request *request,
                    const struct account_route *route)
{
    if (route->access == ACCESS_KEYS)
        return true;
    if (route->access != ACCESS_ANYBODY)
        return false;
    return route->op != ACCOUNT_CREATE ||
           (!request->authorization.len &&
            accounts_options(accounts->accounts)->sign_up);
}

bool account_call_judge(const struct api_accounts *accounts,
                        struct api_keys *keys, struct worker *worker,
                        const struct api_request *request,
                        const struct account_route *route, struct bytes id,
                        struct account_actor *actor,
                        struct api_response *response)
{
    *actor = (struct account_actor){0};
    if (is_open(accounts, request, route))
        return true;
    if (!request->authorization.len)
        return refuse(worker, request, 401, "Authorization header required",
                      response);
    if (!api_access_has_patience(worker, request, response))
        return false;
    if (!identify(accounts, keys, worker, request, actor))
        return refuse(worker, request, 401, "Invalid token", response);
    if (actor->key && route->access != ACCESS_SELF)
        return api_access_judge(keys, worker, request, SCOPE_USERS, &actor->key,
                                response);
    if (actor->key)
        return refuse(worker, request, 403,
                      "Access token of a user required, got an API key",
                      response);
    if (route->op == ACCOUNT_CREATE)
        return refuse(worker, request, 403, "Sign out before you sign up",
                      response);
    return judge_user(accounts, worker, request, route, id, actor, response);
}

/* ---- the answer ------------------------------------------------------------
 */

struct account_call {
    struct call_task base; /* first: a struct call_task is cast to this */
    const struct api_accounts *accounts;
    const struct account_route *route;
    struct account_request *request; /* NULL: owned by the accounts */
    bool is_backend;
    bool is_short;                  /* the requester sees only id and name */
    char ended[ACCOUNT_ID_LEN + 1]; /* user whose access ends */
};

static void append_text(struct buffer *out, const char *name, const char *text)
{
    buffer_append_format(out, ",\"%s\":", name);
    buffer_append_json_string(out, bytes_of(text));
}

/* `is_short`: for other users. */
static void append_user(struct buffer *out, const struct account *account,
                        bool is_short)
{
    char created[UTC_TIME_TEXT];
    buffer_append_format(out, "{\"id\":\"%s\"", account->id);
    if (!is_short)
        append_text(out, "email", account->email);
    append_text(out, "name", account->name);
    if (!is_short) {
        utc_time_print(account->created_ms, created);
        buffer_append_format(out, ",\"is_active\":%s,\"created_at\":\"%s\"",
                             account->is_active ? "true" : "false", created);
    }
    buffer_append_char(out, '}');
}

static void append_tokens(struct buffer *out, struct account_request *request,
                          uint32_t seconds)
{
    buffer_append_format(out,
                         "{\"access_token\":\"%s\",\"token_type\":\"bearer\","
                         "\"expires_in\":%u,\"refresh_token\":\"%s\"}",
                         buffer_text(&request->access_token), seconds,
                         buffer_text(&request->next_token));
}

static void append_list(struct buffer *out,
                        const struct account_request *request, bool is_short)
{
    buffer_append_char(out, '[');
    for (size_t i = 0; i < request->account_count; i++) {
        buffer_append_text(out, i ? "," : "");
        append_user(out, &request->accounts[i], is_short);
    }
    buffer_append_char(out, ']');
}

static void write_answer(const struct account_call *task,
                         struct account_request *request, struct buffer *out)
{
    const struct account_options *options =
        accounts_options(task->accounts->accounts);
    if (task->route->status == 204)
        return;
    if (request->op == ACCOUNT_LIST)
        append_list(out, request, task->is_short);
    else if (request->op == ACCOUNT_LOGIN || request->op == ACCOUNT_REFRESH)
        append_tokens(out, request, options->token_seconds);
    else
        append_user(out, &request->account, task->is_short);
}

static void count(struct worker *worker, const struct account_request *request)
{
    int status = account_fault_info(request->fault)->status;
    metrics_add(&worker->metrics, METRIC_ACCOUNT_OPEN, -1);
    if (request->fault == ACCOUNT_TOO_MANY_ATTEMPTS)
        metrics_add(&worker->metrics, METRIC_LIMIT_ATTEMPTS, 1);
    if (request->fault == ACCOUNT_BUSY)
        metrics_add(&worker->metrics, METRIC_LIMIT_PASSWORDS, 1);
    if (request->op == ACCOUNT_LOGIN)
        metrics_add(&worker->metrics,
                    !request->fault ? METRIC_ACCOUNT_LOGINS
                    : status < 500  ? METRIC_ACCOUNT_LOGINS_WRONG
                                    : METRIC_ACCOUNT_LOGINS_FAILED,
                    1);
}

static void audit(const struct api_call *call, const struct account_call *task,
                  const struct account_request *request, int status)
{
    char address[IP_ADDRESS_TEXT];
    if (!task->is_backend || !task->route->action || !audit_is_on(true))
        return;
    ip_address_print(&call->client, address);
    const char *id = request->account.id[0] ? request->account.id : request->id;
    audit_write(&(struct audit_entry){.action = task->route->action,
                                      .key = call_key_name(call),
                                      .address = address,
                                      .client = bytes_of(id),
                                      .status = status});
}

/* ---- ending access ---------------------------------------------------------
 */

/* The change is stored; clients not reached now are refused when their token
 * expires. */
static void on_ended(struct worker *worker, struct request *request)
{
    struct api_call *call = request->call;
    (void)worker;
    if (request->fault != FAULT_NONE && call->parts[0].status < 400) {
        buffer_clear(&call->parts[0].text);
        call_refuse(call, 0, 503, NULL,
                    "Saved, but open connections could not be closed on all "
                    "instances: try again");
    }
    call_settle(call);
}

static void ask_bus(struct api_call *call, struct request *request,
                    void (*done)(struct worker *worker,
                                 struct request *request))
{
    call->pending++;
    request->done = done;
    request->worker = call->worker;
    request->call = call;
    bus_submit(call->worker->instance->bus, request);
}

static void on_revoked(struct worker *worker, struct request *request)
{
    struct api_call *call = request->call;
    const struct account_call *task = (struct account_call *)call->task;
    ask_bus(call,
            request_new_disconnect(bytes_of(task->ended),
                                   BYTES_LITERAL("signed out")),
            on_ended);
    on_ended(worker, request);
}

/* First the tokens are revoked, then the connections are closed; otherwise
 * clients could reconnect in between. */
static void end_access(struct api_call *call, struct account_call *task,
                       const struct account *account)
{
    char target[BAN_TARGET_MAX];
    char generation[16];
    size_t len = bans_target_of_tokens(bytes_of(account->id), target);
    int64_t seconds = (int64_t)task->accounts->token_seconds;
    snprintf(generation, sizeof generation, "%u", account->generation);
    memcpy(task->ended, account->id, sizeof task->ended);
    ask_bus(call,
            request_new_ban((struct bytes){target, len},
                            clock_wall_ms() + seconds * 1000,
                            bytes_of(generation)),
            on_revoked);
}

/* ---- the way ---------------------------------------------------------------
 */

static void on_answer(struct worker *worker, struct account_request *request)
{
    struct api_call *call = request->subject;
    struct account_call *task = (struct account_call *)call->task;
    struct call_part *part = &call->parts[0];
    const struct account_fault_info *fault = account_fault_info(request->fault);
    count(worker, request);
    if (request->fault) {
        call_refuse(call, 0, fault->status, NULL, fault->error);
    } else {
        part->status = task->route->status;
        write_answer(task, request, &part->text);
        if (request->ends_access)
            end_access(call, task, &request->account);
    }
    audit(call, task, request, part->status);
    account_request_free(request);
    call_settle(call);
}

static void submit(struct api_call *call, struct account_call *task)
{
    struct account_request *request = task->request;
    task->request = NULL;
    request->done = on_answer;
    request->worker = call->worker;
    request->subject = call;
    call->pending++;
    metrics_add(&call->worker->metrics, METRIC_ACCOUNT_OPEN, 1);
    accounts_submit(task->accounts->accounts, request);
}

static void run(struct api_call *call)
{
    struct account_call *task = (struct account_call *)call->task;
    struct account_request *request = task->request;
    if (task->route->access == ACCESS_KEYS) {
        call->parts[0].status = 200;
        task->accounts->publish(task->accounts->arg, &call->parts[0].text);
    } else if (request->op == ACCOUNT_LIST && request->limit > LIST_LIMIT_MAX) {
        call_refuse(call, 0, 400, NULL,
                    "skip must be a whole number, and limit a whole number "
                    "from 1 to 100");
    } else if (account_fields_read(call, task->route, request)) {
        if (request->active >= 0 && !task->is_backend)
            call_refuse(call, 0, 403, "is_active",
                        "is_active can be changed only with an API key");
        else
            submit(call, task);
    }
}

static void free_task(struct call_task *base)
{
    struct account_call *task = (struct account_call *)base;
    if (task->request)
        account_request_free(task->request);
    free(task);
}

/* An invalid number becomes an out-of-range limit, which is refused. */
static void read_page(const struct api_request *request,
                      struct account_request *wanted)
{
    uint64_t limit = LIST_LIMIT;
    if (request->limit.len && !json_decode_uint(request->limit, &limit))
        limit = 0;
    if (request->skip.len && !json_decode_uint(request->skip, &wanted->skip))
        limit = 0;
    wanted->limit =
        limit && limit <= LIST_LIMIT_MAX ? (uint32_t)limit : LIST_LIMIT_MAX + 1;
}

void account_call_prepare(struct api_call *call,
                          const struct api_accounts *accounts,
                          const struct api_request *request,
                          const struct account_route *route, struct bytes id,
                          const struct account_actor *actor)
{
    struct account_call *task = memory_new(1, sizeof *task);
    struct account_request *wanted = account_request_new(route->op);
    struct bytes whom = route->access == ACCESS_SELF ? bytes_of(actor->id) : id;
    task->base = (struct call_task){run, free_task};
    task->accounts = accounts;
    task->route = route;
    task->request = wanted;
    task->is_backend = actor->key != NULL;
    task->is_short = actor->id[0] && !bytes_equal(whom, bytes_of(actor->id));
    wanted->address = request->client;
    wanted->is_trusted = task->is_backend;
    if (account_id_is_valid(whom))
        memcpy(wanted->id, whom.data, whom.len);
    read_page(request, wanted);
    call->task = &task->base;
    call->key = actor->key;
}

#include "commands/client_command.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/utc_time.h"
#include "commands/remote.h"

enum { DONE = 0, REFUSED = 1, BAD_USAGE = 2 };

struct client {
    struct remote_options remote;
    const char *id;
    const char *address;
    const char *reason;
    const char *ttl;
    const char *help;
};

static const struct command_flag items[] = {
    REMOTE_FLAGS(struct client, remote),
    {"address", "RANGE", offsetof(struct client, address),
     "an address or a network, instead of ID"},
    {"ttl", "SECONDS", offsetof(struct client, ttl),
     "duration of a ban (3600)"},
    {"reason", "TEXT", offsetof(struct client, reason),
     "for the close frame and the audit log"},
    {"help", NULL, offsetof(struct client, help), "print this help"},
    {0},
};

static const struct command_flags flags = {"client", items, "ID",
                                           offsetof(struct client, id)};

static void print_help(void)
{
    printf("Usage: peal client show ID\n"
           "       peal client refusals ID\n"
           "       peal client disconnect ID|--address RANGE\n"
           "       peal client ban ID|--address RANGE\n"
           "       peal client unban ID|--address RANGE\n"
           "       peal client bans\n\n"
           "On all instances: shows where a client is connected, or what was "
           "refused to\nit in the last 15 minutes and why; closes connections; "
           "bans a client, an\naddress or a network for a time, lifts a ban, "
           "or lists all bans. The API key\nis read from "
           "PEAL_API_KEY.\n\n");
    command_flags_print(&flags);
    printf("\n  PEAL_API_KEY=... peal client ban --address 192.0.2.0/24 "
           "--ttl 600\n");
}

/* ---- show ---------------------------------------------------------------- */

/* A decoded string of the answer; empty if missing. */
struct text {
    char text[256];
    int len;
};

static struct text text_of(struct bytes raw)
{
    struct text out = {.len = 0};
    size_t len;
    if (json_decode_string(raw, out.text, sizeof out.text, &len))
        out.len = (int)len;
    return out;
}

static int64_t number_of(struct bytes raw)
{
    uint64_t number;
    return json_decode_whole(raw, &number) ? (int64_t)number : 0;
}

static void print_channels(struct bytes channels, int64_t count)
{
    struct bytes element;
    int64_t shown = 0;
    while (json_next_element(&channels, &element)) {
        const struct text name = text_of(element);
        printf("%-12s %.*s\n", shown++ ? "" : "  channels", name.len,
               name.text);
    }
    if (shown < count)
        printf("%-12s and %lld more\n", "", (long long)(count - shown));
}

static void print_time(int64_t time_ms)
{
    char text[UTC_TIME_TEXT];
    utc_time_print(time_ms, text);
    printf("%-12s %s\n", "  since", text);
}

static void print_connection(struct bytes row)
{
    enum { ID, INSTANCE, ADDRESS, PROTOCOL, SINCE, QUEUE, COUNT, CHANNELS };
    struct json_slot slots[] = {
        {.name = "id"},           {.name = "instance"}, {.name = "address"},
        {.name = "protocol"},     {.name = "since"},    {.name = "queueBytes"},
        {.name = "channelCount"}, {.name = "channels"},
    };
    static const char *const names[] = {"connection", "  instance", "  address",
                                        "  protocol"};
    const char *why;
    if (!json_scan_object(row, slots, sizeof slots / sizeof *slots, &why))
        return;
    for (int i = ID; i <= PROTOCOL; i++) {
        const struct text value = text_of(slots[i].raw);
        printf("%-12s %.*s\n", names[i], value.len, value.text);
    }
    print_time(number_of(slots[SINCE].raw));
    printf("%-12s %lld bytes\n", "  queue",
           (long long)number_of(slots[QUEUE].raw));
    print_channels(slots[CHANNELS].raw, number_of(slots[COUNT].raw));
}

static void print_silent(int64_t asked, int64_t answered)
{
    if (answered < asked)
        printf("%lld of %lld instances did not answer\n",
               (long long)(asked - answered), (long long)asked);
}

static bool print_client(struct bytes answer, struct error *error)
{
    enum { COUNT, CONNECTIONS, INSTANCES, ANSWERED };
    struct json_slot slots[] = {{.name = "connectionCount"},
                                {.name = "connections"},
                                {.name = "instances"},
                                {.name = "answered"}};
    const char *why;
    struct bytes row;
    int64_t shown = 0;
    if (!json_scan_object(answer, slots, 4, &why))
        return error_set(error, "unexpected response; is this a Peal server?");
    int64_t count = number_of(slots[COUNT].raw);
    printf("%-12s %lld\n", "connections", (long long)count);
    for (; json_next_element(&slots[CONNECTIONS].raw, &row); shown++)
        print_connection(row);
    if (shown < count)
        printf("and %lld more\n", (long long)(count - shown));
    print_silent(number_of(slots[INSTANCES].raw),
                 number_of(slots[ANSWERED].raw));
    return true;
}

static bool show(const struct client *client, struct error *error)
{
    struct buffer path = {0};
    struct buffer answer = {0};
    buffer_append_text(&path, "/api/clients/");
    remote_append_encoded(&path, client->id);
    bool ok = remote_tell(&client->remote, buffer_text(&path), NULL, &answer,
                          error) &&
              print_client(buffer_bytes(&answer), error);
    buffer_deinit(&path);
    buffer_deinit(&answer);
    return ok;
}

/* ---- what changes something ---------------------------------------------- */

static void append_text(struct buffer *out, const char *name, const char *text)
{
    if (!text)
        return;
    buffer_append_format(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
    buffer_append_json_string(out, bytes_of(text));
}

static bool post(const struct client *client, const char *path,
                 struct error *error)
{
    struct buffer body = {0};
    struct buffer answer = {0};
    buffer_append_char(&body, '{');
    append_text(&body, "client", client->id);
    append_text(&body, "address", client->address);
    append_text(&body, "reason", client->reason);
    if (client->ttl)
        buffer_append_format(&body, ",\"ttl\":%s", client->ttl);
    buffer_append_char(&body, '}');
    bool ok =
        remote_tell(&client->remote, path, buffer_text(&body), &answer, error);
    if (ok)
        puts(buffer_text(&answer));
    buffer_deinit(&body);
    buffer_deinit(&answer);
    return ok;
}

static bool disconnect(const struct client *client, struct error *error)
{
    return post(client, "/api/disconnect", error);
}

static bool ban(const struct client *client, struct error *error)
{
    return post(client, "/api/ban", error);
}

static bool unban(const struct client *client, struct error *error)
{
    return post(client, "/api/unban", error);
}

/* ---- refusals ------------------------------------------------------------ */

static void print_refusal(struct bytes row)
{
    enum {
        TIME,
        COUNT,
        KIND,
        REASON,
        STATUS,
        ADDRESS,
        INSTANCE,
        CHANNEL,
        DETAIL,
        SLOTS
    };
    struct json_slot slots[SLOTS] = {
        {.name = "time"},     {.name = "count"},   {.name = "kind"},
        {.name = "reason"},   {.name = "status"},  {.name = "address"},
        {.name = "instance"}, {.name = "channel"}, {.name = "detail"},
    };
    const char *why;
    char time[UTC_TIME_TEXT];
    if (!json_scan_object(row, slots, SLOTS, &why))
        return;
    utc_time_print(number_of(slots[TIME].raw), time);
    printf("%s %lldx", time, (long long)number_of(slots[COUNT].raw));
    for (int i = KIND; i < SLOTS; i++) {
        const struct text text = text_of(slots[i].raw);
        if (i == STATUS && slots[i].raw.len)
            printf(" %lld", (long long)number_of(slots[i].raw));
        else if (text.len)
            printf(" %.*s", text.len, text.text);
    }
    putchar('\n');
}

static bool print_refusals(struct bytes answer, struct error *error)
{
    enum { REFUSALS, MORE, INSTANCES, ANSWERED };
    struct json_slot slots[] = {{.name = "refusals"},
                                {.name = "more"},
                                {.name = "instances"},
                                {.name = "answered"}};
    const char *why;
    struct bytes row;
    bool has_any = false;
    if (!json_scan_object(answer, slots, 4, &why))
        return error_set(error, "unexpected response; is this a Peal server?");
    for (; json_next_element(&slots[REFUSALS].raw, &row); has_any = true)
        print_refusal(row);
    if (!has_any)
        puts("no refusals in the last 15 minutes");
    if (bytes_equal(slots[MORE].raw, BYTES_LITERAL("true")))
        puts("...");
    print_silent(number_of(slots[INSTANCES].raw),
                 number_of(slots[ANSWERED].raw));
    return true;
}

static bool refusals(const struct client *client, struct error *error)
{
    struct buffer path = {0};
    struct buffer answer = {0};
    buffer_append_text(&path, "/api/refusals?client=");
    remote_append_encoded(&path, client->id);
    bool ok = remote_tell(&client->remote, buffer_text(&path), NULL, &answer,
                          error) &&
              print_refusals(buffer_bytes(&answer), error);
    buffer_deinit(&path);
    buffer_deinit(&answer);
    return ok;
}

/* ---- bans ---------------------------------------------------------------- */

static void print_ban(struct bytes row)
{
    enum { CLIENT, ADDRESS, UNTIL, REASON };
    struct json_slot slots[] = {{.name = "client"},
                                {.name = "address"},
                                {.name = "until"},
                                {.name = "reason"}};
    const char *why;
    char until[UTC_TIME_TEXT];
    if (!json_scan_object(row, slots, 4, &why))
        return;
    bool is_client = slots[CLIENT].raw.len > 0;
    const struct text who = text_of(slots[is_client ? CLIENT : ADDRESS].raw);
    const struct text reason = text_of(slots[REASON].raw);
    utc_time_print(number_of(slots[UNTIL].raw), until);
    printf("%s %s %.*s%s%.*s\n", until, is_client ? "client" : "address",
           who.len, who.text, reason.len ? " " : "", reason.len, reason.text);
}

static bool print_bans(struct bytes answer, struct error *error)
{
    struct json_slot slots[] = {{.name = "bans"}, {.name = "more"}};
    const char *why;
    struct bytes row;
    if (!json_scan_object(answer, slots, 2, &why))
        return error_set(error, "unexpected response; is this a Peal server?");
    while (json_next_element(&slots[0].raw, &row))
        print_ban(row);
    if (bytes_equal(slots[1].raw, BYTES_LITERAL("true")))
        puts("...");
    return true;
}

static bool bans(const struct client *client, struct error *error)
{
    struct buffer answer = {0};
    bool ok = remote_tell(&client->remote, "/api/bans?limit=10000", NULL,
                          &answer, error) &&
              print_bans(buffer_bytes(&answer), error);
    buffer_deinit(&answer);
    return ok;
}

/* ---- the command --------------------------------------------------------- */

enum wants { WANTS_NOTHING, WANTS_CLIENT, WANTS_TARGET };

static const struct action {
    const char *name;
    bool (*run)(const struct client *client, struct error *error);
    enum wants wants;
} actions[] = {
    {"show", show, WANTS_CLIENT},
    {"refusals", refusals, WANTS_CLIENT},
    {"disconnect", disconnect, WANTS_TARGET},
    {"ban", ban, WANTS_TARGET},
    {"unban", unban, WANTS_TARGET},
    {"bans", bans, WANTS_NOTHING},
};

const char *const client_command_actions[] = {
    "show", "refusals", "disconnect", "ban", "unban", "bans", NULL};

/* "peal client --help" has no action. */
static const struct action *find_action(const char *name, struct error *error)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (name && strcmp(actions[i].name, name) == 0)
            return &actions[i];
    error_set(error, "expected show, refusals, disconnect, ban, unban or bans; "
                     "see peal client --help");
    return NULL;
}

static bool check(const struct client *client, const struct action *action,
                  struct error *error)
{
    uint64_t number;
    if (client->ttl && !json_decode_uint(bytes_of(client->ttl), &number))
        return error_set(error, "--ttl: expected a whole number of seconds");
    if (action->wants == WANTS_CLIENT && !client->id)
        return error_set(error, "the client's id is missing; see peal client "
                                "--help");
    return action->wants != WANTS_TARGET || client->id || client->address ||
           error_set(error, "the client's id, or --address, is missing; see "
                            "peal client --help");
}

int client_command(int argc, char **argv)
{
    struct error error;
    _Static_assert(sizeof actions / sizeof *actions + 1 ==
                       sizeof client_command_actions /
                           sizeof *client_command_actions,
                   "one name per action");
    struct client client = {0};
    bool has_action = argc > 1 && strncmp(argv[1], "--", 2) != 0;
    const struct action *action =
        has_action ? find_action(argv[1], &error) : NULL;
    int code = DONE;
    if ((has_action && !action) ||
        !command_flags_read(&flags, argc - has_action, argv + has_action,
                            &client, &error))
        code = BAD_USAGE;
    else if (client.help)
        print_help();
    else if ((!action && !(action = find_action(NULL, &error))) ||
             !check(&client, action, &error))
        code = BAD_USAGE;
    else if (!action->run(&client, &error))
        code = REFUSED;
    if (code != DONE)
        fprintf(stderr, "peal client: %s\n", error.text);
    return code;
}

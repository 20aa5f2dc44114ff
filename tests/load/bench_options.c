/* Precedence, lowest first: default, preset, command line. The help text and
 * the parser use the same table. */
#include "bench_options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bench_preset.h"
#include "bench_stamp.h"
#include "scenario.h"

enum kind { WORD, NUMBER, REAL, SWITCH, LIST };

struct row {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *initial;
    double least, most;
    const char *help;
};

#define AT(field) offsetof(struct bench_options, field)

static const struct row rows[] = {
    {"preset", WORD, AT(preset), "raw", 0, 0,
     "raw, peal, peal-echo, pusher, shootout: sets the wrapping and the path"},
    {"url", LIST, AT(urls), NULL, 0, 0,
     "ws:// or wss:// [ws://127.0.0.1:8080]; several share the "
     "connections of each room"},
    {"path", WORD, AT(path), "/", 0, 0,
     "used if the url has none; %d is the number of the connection, %r its "
     "room"},
    {"subprotocol", WORD, AT(subprotocol), "", 0, 0,
     "for Sec-WebSocket-Protocol"},
    {"header", LIST, AT(headers), NULL, 0, 0, "'Name: value'; up to 16"},
    {"client", WORD, AT(client), "", 0, 0,
     "the token's sub; default: the last part of the path"},
    {"jwt-secret", WORD, AT(jwt_secret), "", 0, 0,
     "signs an HS256 token for each connection, sent as Bearer"},
    {"jwt-secret-file", WORD, AT(jwt_secret_file), "", 0, 0,
     "the same from a file: other users can see the command line"},
    {"jwt-secret-env", WORD, AT(jwt_secret_env), "", 0, 0,
     "the same from the environment variable of this name"},
    {"client-cert", WORD, AT(client_cert), "", 0, 0,
     "wss: client certificate (PEM, with its chain)"},
    {"client-key", WORD, AT(client_key), "", 0, 0,
     "its key; default: in the same file"},
    {"join", WORD, AT(join), "", 0, 0,
     "text sent once open; %d and %r as in the path"},
    {"joined", WORD, AT(joined), "", 0, 0,
     "prefix of the response to it; default: does not wait for one"},
    {"sign", WORD, AT(sign), "", 0, 0,
     "a Pusher channel: --join waits for the socket id, and %a in it is "
     "the channel's signature; %r as in the path"},
    {"sign-secret", WORD, AT(sign_secret), "", 0, 0,
     "secret of the app, for --sign"},
    {"wrap", WORD, AT(wrap), "%s", 0, 0,
     "text to publish; %s is the stamped payload"},
    {"expect", WORD, AT(expect), "", 0, 0,
     "prefix of texts that count as delivered"},
    {"refusal", WORD, AT(refusal), "", 0, 0,
     "prefix of errors, which fail the run"},
    {"result", WORD, AT(result), "", 0, 0,
     "shootout: prefix of the publisher's own response"},
    {"reply-when", WORD, AT(reply_when), "", 0, 0,
     "a text to which --reply-with responds"},
    {"reply-with", WORD, AT(reply_with), "", 0, 0, "the response to it"},
    {"method", WORD, AT(method), "GET", 0, 0, "method of the request"},
    {"body", WORD, AT(body), "", 0, 0, "file with the body of the request"},
    {"allow-remote", SWITCH, AT(allow_remote), NULL, 0, 0,
     "allows a target other than this machine"},
    {"connections", NUMBER, AT(connections), "0", 0, 1000000,
     "number of connections; 0: 1000, in a shootout as many as open files "
     "allow"},
    {"base", NUMBER, AT(base), "0", 0, 1000000,
     "churn, storm: further idle connections"},
    {"rooms", NUMBER, AT(rooms), "0", 0, 100000,
     "rooms, chat: number of channels; default: one per 100 connections"},
    {"publishers", NUMBER, AT(publishers), "1", 1, 10000,
     "publishers per room, among its connections"},
    {"window", NUMBER, AT(window), "1", 1, 4096, "messages in flight per room"},
    {"rate", REAL, AT(rate), "0", 0, 100000000,
     "operations per second; 0: as the window or depth allows"},
    {"depth", NUMBER, AT(depth), "1", 1, 4096,
     "echo: messages in flight per connection"},
    {"payload", NUMBER, AT(payload), "64", BENCH_STAMP_LEN, 8 << 20,
     "bytes per message, without the wrapping"},
    {"no-self", SWITCH, AT(no_self), NULL, 0, 0,
     "publishers do not receive their own messages"},
    {"duration", REAL, AT(duration), "0", 0, 30 * 86400,
     "seconds to measure; 0: 5, in a shootout at most 300"},
    {"warmup", REAL, AT(warmup), "1", 0, 600, "seconds before measuring"},
    {"drain", REAL, AT(drain), "5", 0, 60,
     "seconds to wait for the last messages"},
    {"open-rate", REAL, AT(open_rate), "0", 0, 1000000,
     "connections opened per second; 0: as --opening allows"},
    {"opening", NUMBER, AT(opening), "0", 0, 100000,
     "parallel handshakes; 0: 128, in a storm all"},
    {"handshake-timeout", REAL, AT(handshake_timeout), "10", 0.01, 600,
     "seconds until an unanswered handshake has failed"},
    {"hold", REAL, AT(hold), "0", 0, 600,
     "churn: seconds between open and close"},
    {"think", REAL, AT(think), "5", 0.001, 600,
     "chat: mean seconds between the messages of a client"},
    {"stay", REAL, AT(stay), "30", 0.01, 3600,
     "chat: mean seconds until a client leaves and returns"},
    {"sources", NUMBER, AT(sources), "0", 0, 250,
     "number of number of loopback source addresses; 0: as many as needed"},
    {"step", NUMBER, AT(step), "1000", 1, 100000,
     "shootout: connections added per step"},
    {"samples", NUMBER, AT(samples), "100", 10, 100000,
     "shootout: broadcasts measured per step"},
    {"limit", REAL, AT(limit), "0.5", 0.001, 60,
     "shootout: seconds; ends when the 95th percentile exceeds them"},
    {"threads", NUMBER, AT(threads), "1", 1, 64, "threads of the generator"},
    {"server-pid", LIST, AT(server_pids), NULL, 0, 0,
     "measures its CPU and memory, with its children; may be repeated"},
    {"json", WORD, AT(json), "", 0, 0,
     "file for the figures; -: standard output, and the text then goes to "
     "standard error"},
    {"html", WORD, AT(html), "", 0, 0, "file for the report with plots"},
    {"name", WORD, AT(name), "", 0, 0, "the server's name in the reports"},
    {"quiet", SWITCH, AT(quiet), NULL, 0, 0, "no progress line"},
};

enum { ROWS = sizeof rows / sizeof *rows };

/* Options of some scenarios only. */
static const struct {
    const char *name, *scenarios;
} limited[] = {
    {"result", "shootout"},
    {"method", "http"},
    {"body", "http"},
    {"base", "churn storm"},
    {"rooms", "rooms chat"},
    {"publishers", "fanout rooms"},
    {"window", "fanout rooms shootout"},
    {"rate", "echo fanout rooms churn"},
    {"depth", "echo"},
    {"payload", "echo fanout rooms chat shootout"},
    {"no-self", "fanout rooms chat"},
    {"hold", "churn"},
    {"think", "chat"},
    {"stay", "chat"},
    {"step", "shootout"},
    {"samples", "shootout"},
    {"limit", "shootout"},
};

/* The scenarios that support the option; NULL for all. */
static const char *only_of(const struct row *row)
{
    for (size_t i = 0; i < sizeof limited / sizeof *limited; i++)
        if (strcmp(limited[i].name, row->name) == 0)
            return limited[i].scenarios;
    return NULL;
}

static bool complain(const char *name, const char *why)
{
    fprintf(stderr, "peal-bench: --%s: %s\n", name, why);
    return false;
}

static bool set_number(const struct row *row, void *field, const char *text)
{
    char *end;

    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end || errno)
        return complain(row->name, "not a number");
    if (value < row->least || value > row->most) {
        fprintf(stderr, "peal-bench: --%s: %g to %g\n", row->name, row->least,
                row->most);
        return false;
    }
    if (row->kind == REAL)
        *(double *)field = value;
    else
        *(int64_t *)field = (int64_t)value;
    return true;
}

static bool add_item(const struct row *row, struct bench_list *list,
                     const char *text)
{
    if (list->count == BENCH_LIST_MAX)
        return complain(row->name, "too many");
    list->items[list->count++] = text;
    return true;
}

static bool set_row(const struct row *row, struct bench_options *self,
                    const char *text)
{
    void *field = (char *)self + row->offset;

    switch (row->kind) {
    case WORD:
        *(const char **)field = text;
        return true;
    case SWITCH:
        *(bool *)field = true;
        return true;
    case LIST:
        return add_item(row, field, text);
    default:
        return set_number(row, field, text);
    }
}

static const struct row *find_row(const char *name)
{
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

bool bench_options_set(struct bench_options *self, const char *name,
                       const char *value)
{
    const struct row *row = find_row(name);

    if (!row)
        return complain(name, "no such option; see --help");
    if (!value && row->kind != SWITCH)
        return complain(name, "needs a value");
    return set_row(row, self, value);
}

static void set_defaults(struct bench_options *self)
{
    memset(self, 0, sizeof *self);
    for (int i = 0; i < ROWS; i++)
        if (rows[i].initial)
            set_row(&rows[i], self, rows[i].initial);
}

static bool applies(const struct row *row, const char *scenario)
{
    const char *only = only_of(row);
    size_t len = strlen(scenario);

    for (const char *at = only; at; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, scenario, len) == 0 && (!at[len] || at[len] == ' '))
            return true;
    }
    return !only;
}

/* An option without effect is reported as a mistake. */
static bool check_applies(const struct row *row, const char *scenario)
{
    if (!row || applies(row, scenario))
        return true;
    fprintf(stderr, "peal-bench: --%s: not an option of %s, but of: %s\n",
            row->name, scenario, only_of(row));
    return false;
}

/* Reads one argument, --name value or --name=value, and advances *at. */
static bool parse_one(struct bench_options *self, int argc, char **argv,
                      int *at)
{
    char name[32];
    const char *arg = argv[(*at)++];

    if (strncmp(arg, "--", 2) != 0)
        return complain(arg, "options begin with --");
    size_t len = strcspn(arg + 2, "=");
    if (len >= sizeof name)
        return complain(arg + 2, "no such option; see --help");
    memcpy(name, arg + 2, len);
    name[len] = '\0';

    const struct row *row = find_row(name);
    if (!check_applies(row, argv[1]))
        return false;
    if (arg[2 + len] == '=')
        return bench_options_set(self, name, arg + 3 + len);
    if (row && row->kind != SWITCH && *at < argc)
        return bench_options_set(self, name, argv[(*at)++]);
    return bench_options_set(self, name, NULL);
}

static bool parse_all(struct bench_options *self, int argc, char **argv)
{
    for (int at = 2; at < argc;)
        if (!parse_one(self, argc, argv, &at))
            return false;
    return true;
}

/* Reads a secret from the first line of a file. It is kept until the program
 * ends. */
static bool read_secret(struct bench_options *self)
{
    static char secret[512];
    FILE *file = fopen(self->jwt_secret_file, "r");

    if (!file || !fgets(secret, sizeof secret, file)) {
        fprintf(stderr, "peal-bench: --jwt-secret-file: cannot read %s: %s\n",
                self->jwt_secret_file, file ? "empty" : strerror(errno));
        if (file)
            fclose(file);
        return false;
    }
    fclose(file);
    secret[strcspn(secret, "\r\n")] = '\0';
    self->jwt_secret = secret;
    return true;
}

static bool find_secret(struct bench_options *self)
{
    int given = !!*self->jwt_secret + !!*self->jwt_secret_file +
                !!*self->jwt_secret_env;

    if (given > 1)
        return complain("jwt-secret", "given in two ways");
    if (*self->jwt_secret_file)
        return read_secret(self);
    if (!*self->jwt_secret_env)
        return true;
    self->jwt_secret = getenv(self->jwt_secret_env);
    if (self->jwt_secret && *self->jwt_secret)
        return true;
    return complain("jwt-secret-env", "no such variable in the environment");
}

bool bench_options_parse(struct bench_options *self, int argc, char **argv)
{
    /* Parses twice, because the preset must be known before the options that
     * override it. */
    set_defaults(self);
    if (!parse_all(self, argc, argv))
        return false;
    const char *preset = self->preset;

    set_defaults(self);
    self->scenario = argv[1];
    return bench_preset_apply(preset, self) && parse_all(self, argc, argv) &&
           find_secret(self);
}

static void print_scenarios(FILE *out, const struct scenario *of)
{
    fputs(of ? "\n" : "scenarios\n", out);
    for (const struct scenario *const *s = scenarios; *s; s++)
        if (!of || of == *s)
            fprintf(out, "  %-9s %s\n", (*s)->name, (*s)->help);
}

static void print_row(FILE *out, const struct row *row, bool says_only)
{
    const char *initial = row->initial ? row->initial : "";

    fprintf(out, "  --%-17s %s%s%s%s", row->name, row->help,
            *initial ? " [" : "", initial, *initial ? "]" : "");
    if (says_only && only_of(row))
        fprintf(out, " (%s)", only_of(row));
    fputc('\n', out);
}

void bench_options_help(FILE *out, const struct scenario *of)
{
    fprintf(out,
            "usage: peal-bench %s [--option value ...]\n"
            "       peal-bench [SCENARIO] --help, peal-bench --version\n",
            of ? of->name : "SCENARIO");
    print_scenarios(out, of);
    fputs("\noptions\n", out);
    for (int i = 0; i < ROWS; i++)
        if (!of || applies(&rows[i], of->name))
            print_row(out, &rows[i], !of);
    fputs("\nexit status: 0 passed; 1 a check failed; 2 wrong usage; "
          "3 interrupted\n",
          out);
}

/* For experiments and scripts; backends create tokens with a JWT library. */
#include "commands/token_command.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/jwt.h"
#include "auth/jwt_algorithm.h"
#include "base/clock.h"
#include "commands/command_flags.h"
#include "config/config_load.h"
#include "messaging/info.h"

enum { DONE = 0, BAD_USAGE = 2 };

enum { TTL_MAX_SECONDS = 10 * 365 * 86400 };

struct request {
    const char *sub;
    const char *ttl;
    const char *caps;
    const char *info;
    const char *config;
    const char *key;
    const char *help;
};

static const struct command_flag items[] = {
    {"sub", "ID", offsetof(struct request, sub),
     "the client the token is for (required)"},
    {"ttl", "TIME", offsetof(struct request, ttl),
     "how long it is valid: 90s, 15m, 1h, 7d (1h)"},
    {"caps", "JSON", offsetof(struct request, caps),
     "what the client may do (default_caps)"},
    {"info", "JSON", offsetof(struct request, info),
     "what others may see of the client, an object"},
    {"config", "FILE", offsetof(struct request, config),
     "the server's config: auth.secret, audience, client_claim, ..."},
    {"key", "FILE", offsetof(struct request, key),
     "sign with this PEM private key instead of auth.secret"},
    {"help", NULL, offsetof(struct request, help), "print this help"},
    {0},
};

static const struct command_flags flags = {.command = "token", .items = items};

static void print_help(void)
{
    printf(
        "Usage: peal token --sub ID [--ttl TIME] [--caps JSON] [--info JSON]\n"
        "                  [--config FILE] [--key FILE]\n\n"
        "Prints a signed token (a JWT) on one line.\n\n");
    command_flags_print(&flags);
    printf("\nThe keys of the config can also be set in the environment:\n\n"
           "  PEAL_AUTH_SECRET=... peal token --sub alice --ttl 15m --caps \\\n"
           "    '[{\"channels\":[\"chat:*\"],\"allow\":[\"sub\",\"pub\"]}]'\n");
}

static int64_t unit_seconds(const char *unit)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, unit) == 0)
            return units[i].seconds;
    return 0;
}

static bool read_ttl(const char *text, int64_t *seconds, struct error *error)
{
    char *unit = NULL;
    unsigned long number =
        isdigit((unsigned char)text[0]) ? strtoul(text, &unit, 10) : 0;
    int64_t each = unit ? unit_seconds(unit) : 0;
    if (each && number > 0 && number <= (unsigned long)TTL_MAX_SECONDS &&
        (int64_t)number * each <= TTL_MAX_SECONDS) {
        *seconds = (int64_t)number * each;
        return true;
    }
    return error_set(error,
                     "--ttl: expected a time like 90s, 15m, 1h or 7d, ten "
                     "years at most, got \"%.64s\"",
                     text);
}

/* The server would refuse a token with invalid caps. */
static bool check_caps(const char *text, struct error *error)
{
    struct error why;
    struct json *json = json_parse(bytes_of(text), false, &why);
    if (!json)
        return error_set(error, "--caps: %s", why.text);
    struct caps *caps = caps_parse(json, &why);
    bool ok = caps && caps_check_members(json, &why);
    json_free(json);
    caps_unref(caps);
    /* the text begins with "caps: " */
    return ok || error_set(error, "--%s", why.text);
}

static bool check_info(const char *text, struct error *error)
{
    struct error why;
    char *info = info_read(bytes_of(text), &why);
    free(info);
    return info || error_set(error, "--info: it %.400s", why.text);
}

static bool read_request(const struct request *request,
                         struct jwt_content *content, struct error *error)
{
    int64_t ttl = 0;
    if (!request->sub)
        return error_set(error, "--sub is missing; see peal token --help");
    struct error why;
    if (!client_id_check(bytes_of(request->sub), &why))
        return error_set(error, "--sub: it %.400s", why.text);
    if (!read_ttl(request->ttl, &ttl, error))
        return false;
    if (request->caps && !check_caps(request->caps, error))
        return false;
    if (request->info && !check_info(request->info, error))
        return false;
    content->subject = request->sub;
    content->caps = request->caps;
    content->info = request->info;
    content->issued_seconds = clock_wall_ms() / 1000;
    content->expires_seconds = content->issued_seconds + ttl;
    return true;
}

static bool add_private_key(struct jwk_set *keys, const char *file,
                            struct error *error)
{
    struct error why;
    return jwk_set_add_private_pem(keys, file, &why) ||
           error_set(error, "--key: %s", why.text);
}

static bool load_key(struct jwk_set *keys, const char *file,
                     const struct auth_options *auth, struct error *error)
{
    unsigned allowed;
    if (!file && !auth->secret)
        return error_set(error,
                         "auth.secret is not set; set PEAL_AUTH_SECRET, or "
                         "give the private key with --key");
    bool ok = file ? add_private_key(keys, file, error)
                   : jwk_set_add_secret(keys, auth->secret, error);
    if (!ok || !jwt_algorithm_set_of(&auth->algorithms, &allowed, error))
        return false;
    return jwk_set_restrict(keys, allowed) ||
           error_set(error, "auth.algorithms: none matches the key");
}

static bool print_token(const struct request *request, struct error *error)
{
    struct jwt_content content = {0};
    if (!read_request(request, &content, error))
        return false;
    struct config *config =
        config_load(&(struct config_sources){.file = request->config,
                                             .environment = environ},
                    error);
    if (!config)
        return false;
    content.audience = config->auth.audience;
    content.issuer = config->auth.issuer;
    content.client_claim = config->auth.client_claim;

    struct jwk_set keys = {0};
    struct buffer token = {0};
    bool ok = load_key(&keys, request->key, &config->auth, error) &&
              jwt_sign(&keys, &content, &token, error);
    if (ok)
        puts(buffer_text(&token));
    buffer_deinit(&token);
    jwk_set_deinit(&keys);
    config_free(config);
    return ok;
}

int token_command(int argc, char **argv)
{
    struct error error;
    struct request request = {.ttl = "1h"};
    bool ok = command_flags_read(&flags, argc, argv, &request, &error);
    if (ok && request.help)
        print_help();
    else
        ok = ok && print_token(&request, &error);
    if (!ok)
        fprintf(stderr, "peal token: %s\n", error.text);
    return ok ? DONE : BAD_USAGE;
}

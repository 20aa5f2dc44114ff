#include "config/config_key.h"

#include <string.h>

#include "accounts/password.h"
#include "accounts/sql_url.h"
#include "base/origin.h"
#include "config/config.h"
#include "config/config_value.h"
#include "messaging/hub.h"
#include "messaging/names.h"
#include "net/peer/trusted_proxies.h"

#define AT(member)      CONFIG_FIELD(struct config, member)
#define AUTH(member)    AT(auth.member)
#define LIMIT(member)   AT(messaging.limits.member)
#define REDIS(member)   AT(redis.member)
#define TLS(member)     AT(tls.member)
#define ADMIN(member)   AT(admin.member)
#define API(member)     AT(api.member)
#define HOOK(member)    AT(hooks.member)
#define ACCOUNT(member) AT(accounts.member)
#define MANY            1000000000
#define ALGORITHMS                                                             \
    "HS256|HS384|HS512|RS256|RS384|RS512|PS256|PS384|PS512|"                   \
    "ES256|ES384|ES512|EdDSA"

static bool is_channel(const char *text)
{
    return channel_name_is_valid(bytes_of(text));
}

/* Braces mark the part of a key that chooses its slot: ours does. */
static bool is_prefix(const char *text)
{
    return !strpbrk(text, "{}*?[] \t\r\n");
}

static const struct config_form prefix = {
    .expected = "a text without { } * ? [ ] or blank", .is_valid = is_prefix};
static const struct config_form api_key = {.expected = API_KEY_FORM,
                                           .is_valid = api_key_is_valid};
static const struct config_form accounts_url = {.expected = SQL_URL_FORM,
                                                .is_valid = sql_url_is_valid};
static const struct config_form channel = {.expected = "a channel name",
                                           .is_valid = is_channel};
static const struct config_form origin = {
    "an origin like https://example.com or https://*.example.com",
    origin_pattern_is_valid,
    .plural = "origins like https://example.com or https://*.example.com",
    .fault = origin_pattern_fault};

static const struct config_form range = {
    "an address range like 10.0.0.0/8 or fd00::1", trusted_proxies_is_range,
    .plural = "address ranges like 10.0.0.0/8 or fd00::1"};

static bool is_socket_path(const char *text)
{
    return text[0] == '/' && strlen(text) <= LISTEN_PATH_MAX;
}

static const struct config_form socket_path = {
    .expected = "a path that begins with / and has no more than 107 "
                "characters",
    .is_valid = is_socket_path};

static bool is_hook_secret(const char *text)
{
    return strlen(text) >= HOOK_SECRET_MIN;
}

static const struct config_form hook_secret = {
    .expected = "16 characters or more", .is_valid = is_hook_secret};
static const struct config_form channel_patterns = {
    "a channel name, or the start of one and *", channel_pattern_is_valid,
    .plural = "channel names, or the start of one and *"};

static const struct config_key keys[] = {
    {"host", &config_value_text, AT(host), "127.0.0.1", .min = 1,
     .help = "address to listen on; 0.0.0.0 or :: for all"},
    {"port", &config_value_uint32, AT(port), "8080", .max = 65535,
     .help = "port to listen on; 0 picks a free one"},
    {"workers", &config_value_uint32, AT(workers), "0", .max = HUB_WORKERS_MAX,
     .help = "threads that serve; 0: one for each core"},
    {"insecure", &config_value_bool, AT(insecure), "false",
     .help = "may listen beyond loopback without auth"},
    {"core_dumps", &config_value_bool, AT(core_dumps), "false",
     .help = "a crash may leave a core file, and a debugger may look: both "
             "see secrets"},
    {"web_root", &config_value_text, AT(web_root), NULL, .min = 1,
     .help = "folder of files served under /"},
    {"drain_delay_seconds", &config_value_uint32, AT(drain_delay_seconds), "0",
     .max = 3600,
     .help = "how long /ready answers 503 at the end before new connections "
             "are refused, so that balancers notice in time"},
    {"drain_seconds", &config_value_uint32, AT(drain_seconds), "5", .max = 3600,
     .help = "over how long connections are closed at the end"},
    {"io_uring", &config_value_bool, AT(io_uring), "true",
     .help = "messages to many clients take one system call, where the kernel "
             "allows it"},
    {"explain_refusals", &config_value_bool, AT(explain_refusals), "false",
     .help = "a refused client is let in, told why, and closed: browsers "
             "show no other answer; on under --dev"},
    {"dashboard", &config_value_choice, AT(dashboard), "loopback",
     .choices = "off|loopback|on",
     .help = "who may see /dashboard: nobody, who sits at this machine, or "
             "everybody; it asks for an API key with the scope admin"},
    {"default_protocol", &config_value_text, AUTH(default_protocol), "echo",
     .min = 1, .reloads = true,
     .help = "protocol of a client that names none: echo or broadcast"},
    {"default_channel", &config_value_text, AT(default_channel), "lobby",
     .form = &channel, .help = "channel joined by a client that names none"},
    {"default_caps", &config_value_caps, AT(default_caps_json),
     "[{\"channels\": [\"*\"], "
     "\"allow\": [\"sub\", \"pub\", \"prs\", \"hst\", \"dir\"]}]",
     .reloads = true, .help = "what a client may do whose token has no caps"},
    {"echo_prefix", &config_value_text, AT(messaging.echo_prefix),
     "Echo: ", .help = "what the echo protocol puts before a text"},
    {"single_connection", &config_value_bool, AT(messaging.single_connection),
     "false", .help = "a client's newer connection ends the older one"},
    {"ping_seconds", &config_value_uint32, AT(messaging.ping_seconds), "25",
     .min = 1, .max = 3600, .help = "between pings to a silent client"},
    {"pong_seconds", &config_value_uint32, AT(messaging.pong_seconds), "10",
     .min = 1, .max = 3600,
     .help = "how long its answer may take; less than ping_seconds"},
    {"max_connection_age", &config_value_uint32,
     AT(messaging.max_connection_age), "0", .max = 31536000, .reloads = true,
     .help = "seconds until a connection is closed, with up to a tenth of them "
             "less by chance; 0: no limit"},
    {"origins", &config_value_list, AUTH(origins), "", .form = &origin,
     .reloads = true,
     .help = "pages that may connect, besides our own: "
             "https://example.com, https://*.example.com, http://localhost:*, "
             "file://, null; * for all"},

    {"trusted_proxies", &config_value_list, AT(trusted_proxies), "",
     .form = &range, .reloads = true,
     .help = "whose word about where a client is counts: 10.0.0.0/8, ::1"},
    {"forwarded_header", &config_value_choice, AT(forwarded_header),
     "x-forwarded-for", .choices = FORWARDED_HEADERS, .reloads = true,
     .help = "the header in which they say it, and the only one believed"},
    {"proxy_protocol", &config_value_bool, AT(proxy_protocol), "false",
     .help = "each connection begins with a PROXY header, version 1 or 2"},

    {"admin.host", &config_value_text, ADMIN(host), NULL, .min = 1,
     .help = "address for administration: /metrics, /api and /dashboard are "
             "then served there, and not where clients connect"},
    {"admin.port", &config_value_uint32, ADMIN(port), "8081", .max = 65535,
     .help = "port for administration, with admin.host; 0 picks a free one"},
    {"admin.socket", &config_value_text, ADMIN(socket), NULL,
     .form = &socket_path,
     .help = "Unix socket for administration, besides admin.host or in its "
             "place"},

    {"log.level", &config_value_choice, AT(log_level), "info",
     .choices = "debug|info|warn|error", .reloads = true,
     .help = "the least that is written"},
    {"log.format", &config_value_choice, AT(log_format), "text",
     .choices = "text|json", .reloads = true,
     .help = "key=value, or an object a line"},
    {"log.file", &config_value_text, AT(log_file), NULL, .min = 1,
     .reloads = true,
     .help = "file to append to, opened anew on SIGHUP; none: stderr"},
    {"log.audit", &config_value_choice, AT(log_audit), "changes",
     .choices = AUDIT_LEVELS, .reloads = true,
     .help = "which actions of the API have a line of their own: those that "
             "change clients and access, or all"},

    {"tls.cert", &config_value_text, TLS(cert), NULL, .min = 1, .reloads = true,
     .help = "PEM file with our certificate and its chain: speaks TLS"},
    {"tls.key", &config_value_text, TLS(key), NULL, .min = 1, .reloads = true,
     .help = "PEM file with its private key"},
    {"tls.client_ca", &config_value_text, TLS(client_ca), NULL, .min = 1,
     .reloads = true,
     .help = "PEM file with the CAs of clients, who are then asked for a "
             "certificate"},
    {"tls.client_certificate", &config_value_choice, TLS(client_certificate),
     "required", .choices = "required|optional", .reloads = true,
     .help = "whether a client without one is let in"},
    {"tls.client_id_from_certificate", &config_value_bool,
     TLS(client_id_from_certificate), "false", .reloads = true,
     .help = "a client is who its certificate's subject names (CN), and needs "
             "no token"},

    {"auth.secret", &config_value_text, AUTH(secret), NULL, .min = 1,
     .secret = true, .reloads = true,
     .help = "key of tokens signed with HS256, HS384 or HS512"},
    {"auth.key_file", &config_value_text, AUTH(key_file), NULL, .min = 1,
     .reloads = true,
     .help = "PEM file with the public key of the tokens' issuer"},
    {"auth.jwks_file", &config_value_text, AUTH(jwks_file), NULL, .min = 1,
     .reloads = true,
     .help = "JSON Web Key Set with the keys of the tokens' issuer"},
    {"auth.jwks_url", &config_value_text, AUTH(jwks_url), NULL, .min = 1,
     .help = "where such a set is fetched: https://..."},
    {"auth.jwks_ca", &config_value_text, AUTH(jwks_ca), NULL, .min = 1,
     .help = "PEM file of the CAs that sign that server; none: the system's"},
    {"auth.jwks_refresh_seconds", &config_value_uint32,
     AUTH(jwks_refresh_seconds), "600", .min = 10, .max = 86400,
     .help = "between two fetches; an unknown key is looked for sooner"},
    {"auth.algorithms", &config_value_list, AUTH(algorithms),
     "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, "
     "ES384, ES512, EdDSA",
     .min = 1, .choices = ALGORITHMS, .reloads = true,
     .help = "accepted for tokens; the type of the key must fit as well"},
    {"auth.audience", &config_value_text, AUTH(audience), NULL, .min = 1,
     .reloads = true, .help = "what a token's aud must name"},
    {"auth.issuer", &config_value_text, AUTH(issuer), NULL, .min = 1,
     .reloads = true, .help = "what a token's iss must be"},
    {"auth.client_claim", &config_value_text, AUTH(client_claim), "sub",
     .min = 1, .reloads = true,
     .help = "the claim of a token that holds the client id"},
    {"auth.leeway_seconds", &config_value_uint32, AUTH(leeway_seconds), "30",
     .max = 3600, .reloads = true,
     .help = "how far clocks may differ, for exp and nbf"},
    {"auth.query_token", &config_value_bool, AUTH(query_token), "false",
     .reloads = true,
     .help = "accept ?token=; proxies write addresses into their logs"},

    {"limits.message_bytes", &config_value_uint32, LIMIT(message_bytes),
     "65536", .min = 1, .max = 67108864, .reloads = true,
     .help = "bytes of one message from a client"},
    {"limits.connections", &config_value_uint32, LIMIT(connections), "100000",
     .min = 1, .max = MANY, .help = "connections in all"},
    {"limits.connections_per_ip", &config_value_uint32,
     LIMIT(connections_per_ip), "0", .max = MANY, .reloads = true,
     .help = "connections from one address; 0: no limit"},
    {"limits.connections_per_client", &config_value_uint32,
     LIMIT(connections_per_client), "0", .max = MANY, .reloads = true,
     .help = "connections of one client id; 0: no limit"},
    {"limits.refusals_per_second", &config_value_uint32,
     LIMIT(refusals_per_second), "100", .max = 1000000, .reloads = true,
     .help = "wrong tokens and keys from one address; 0: no limit"},
    {"limits.messages_per_second", &config_value_uint32,
     LIMIT(messages_per_second), "100", .max = 1000000, .reloads = true,
     .help = "a second, from one connection; 0: no limit"},
    {"limits.channels_per_connection", &config_value_uint32,
     LIMIT(channels_per_connection), "128", .min = 1, .max = 100000,
     .reloads = true,
     .help = "channels one connection is subscribed to at once"},
    {"limits.channels", &config_value_uint32, LIMIT(channels), "100000",
     .min = 1, .max = MANY, .reloads = true,
     .help = "channels that exist at once"},
    {"limits.bad_messages", &config_value_uint32, LIMIT(bad_messages), "10",
     .min = 1, .max = MANY, .reloads = true,
     .help = "bad messages from one connection until it is closed"},
    {"limits.outbox_bytes", &config_value_uint32, LIMIT(outbox_bytes),
     "1048576", .min = 1, .max = MANY, .reloads = true,
     .help = "bytes that wait for one slow connection"},
    {"limits.outbox_messages", &config_value_uint32, LIMIT(outbox_messages),
     "1024", .min = 1, .max = 1000000, .reloads = true,
     .help = "messages that wait for one slow connection"},
    {"limits.stalled_seconds", &config_value_uint32, LIMIT(stalled_seconds),
     "10", .min = 1, .max = 3600, .reloads = true,
     .help = "how long a socket may take nothing of what waits for it"},
    {"limits.head_bytes", &config_value_uint32, LIMIT(head_bytes), "16384",
     .min = 1024, .max = 1048576, .reloads = true,
     .help = "bytes of a request's line and headers"},
    {"limits.handshake_seconds", &config_value_uint32, LIMIT(handshake_seconds),
     "5", .min = 1, .max = 3600,
     .help = "how long a socket may take to send its whole request"},
    {"limits.inbox_messages", &config_value_uint32, LIMIT(inbox_messages),
     "65536", .min = 1, .max = MANY, .reloads = true,
     .help = "messages that wait for one worker"},
    {"limits.body_bytes", &config_value_uint32, API(body_bytes), "1048576",
     .min = 1, .max = 67108864, .reloads = true,
     .help = "bytes of the body of one request to the API"},
    {"limits.batch_commands", &config_value_uint32, API(batch_commands), "1000",
     .min = 1, .max = 100000, .reloads = true,
     .help = "commands or channels in one request to the API"},
    {"limits.idempotency_keys", &config_value_uint32, LIMIT(idempotency_keys),
     "100000", .min = 1, .max = MANY, .reloads = true,
     .help = "idempotency keys remembered (without Redis)"},
    {"limits.tickets", &config_value_uint32, LIMIT(tickets), "100000", .min = 1,
     .max = MANY, .reloads = true,
     .help = "tickets that are not used yet (without Redis)"},
    {"limits.memory_bytes", &config_value_uint64, LIMIT(memory_bytes),
     "1073741824", .max = 1099511627776, .reloads = true,
     .help = "bytes that wait for all connections together; 0: no limit"},
    {"limits.history_bytes", &config_value_uint64, LIMIT(history_bytes),
     "268435456", .max = 1099511627776, .reloads = true,
     .help = "memory for the history of all channels together"},

    {"api.key", &config_value_text, API(key), NULL, .form = &api_key,
     .secret = true, .reloads = true,
     .help = "key of a backend that may do everything"},
    {"api.keys", &config_value_api_keys, API(keys), "[]", .reloads = true,
     .help = "more keys, by their hashes, each with its scopes"},
    {"api.requests_per_second", &config_value_uint32, API(requests_per_second),
     "0", .max = 1000000, .reloads = true,
     .help = "requests with api.key; 0: no limit"},

    {"pusher.apps", &config_value_pusher_apps, AT(pusher_apps), "[]",
     .reloads = true,
     .help = "applications that speak Pusher's protocol; none: it is off"},

    {"redis.url", &config_value_text, REDIS(url), NULL, .min = 1,
     .secret = true, .reloads = true,
     .help = "redis://[user:password@]host:port/db, rediss://... for TLS, "
             "unix:///path, redis+sentinel://[user:password@]host,host,"
             "host/master/db, or redis+cluster://[user:password@]host,host; "
             "makes several instances one service"},
    {"redis.tls_ca", &config_value_text, REDIS(tls_ca), NULL, .min = 1,
     .help = "PEM file of the CAs that sign Redis; none: the system's"},
    {"redis.tls_cert", &config_value_text, REDIS(tls_cert), NULL, .min = 1,
     .help = "PEM file with the certificate shown to Redis"},
    {"redis.tls_key", &config_value_text, REDIS(tls_key), NULL, .min = 1,
     .help = "PEM file with the private key of redis.tls_cert"},
    {"redis.sentinel_user", &config_value_text, REDIS(sentinel_user), NULL,
     .min = 1, .reloads = true,
     .help = "user of the Sentinels; none: the default one"},
    {"redis.sentinel_password", &config_value_text, REDIS(sentinel_password),
     NULL, .min = 1, .secret = true, .reloads = true,
     .help = "password of the Sentinels"},
    {"redis.sentinel_tls", &config_value_bool, REDIS(sentinel_tls), "false",
     .help = "TLS to the Sentinels, with the certificates of redis.tls_..."},
    {"redis.prefix", &config_value_text, REDIS(prefix), "peal:", .min = 1,
     .form = &prefix,
     .help = "begins every key and channel; services with different prefixes "
             "never hear each other"},
    {"redis.sharded", &config_value_bool, REDIS(sharded), "false",
     .help = "use sharded pub/sub (SSUBSCRIBE, SPUBLISH)"},
    {"redis.connect_ms", &config_value_uint32, REDIS(connect_ms), "2000",
     .min = 10, .max = 600000, .help = "until a connection must stand"},
    {"redis.timeout_ms", &config_value_uint32, REDIS(timeout_ms), "3000",
     .min = 10, .max = 600000, .help = "until an answer must have come"},
    {"redis.backoff_ms", &config_value_uint32, REDIS(backoff_ms), "100",
     .min = 1, .max = 600000,
     .help = "before the second attempt to connect; doubled each time"},
    {"redis.backoff_max_ms", &config_value_uint32, REDIS(backoff_max_ms),
     "3000", .min = 1, .max = 600000,
     .help = "the longest wait between two attempts"},
    {"redis.backlog_messages", &config_value_uint32, REDIS(backlog_messages),
     "100000", .min = 1, .max = MANY,
     .help = "requests that wait while Redis is away or busy"},
    {"redis.backlog_seconds", &config_value_uint32, REDIS(backlog_seconds),
     "10", .min = 1, .max = 3600,
     .help = "how long a request waits until it fails with unavailable"},
    {"redis.ready_grace_seconds", &config_value_uint32,
     REDIS(ready_grace_seconds), "10", .max = 3600,
     .help = "how long Redis may be away until /ready answers 503"},
    {"redis.lease_seconds", &config_value_uint32, REDIS(lease_seconds), "15",
     .min = 2, .max = 3600,
     .help = "a silent instance counts as dead after this"},

    {"accounts.url", &config_value_text, ACCOUNT(url), NULL,
     .form = &accounts_url, .secret = true,
     .help = "where users are kept who sign up here: "
             "sqlite:///path/to/accounts.db, or "
             "postgresql://user:password@host/database for several instances; "
             "none: there are no accounts"},
    {"accounts.key_file", &config_value_text, ACCOUNT(key_file), NULL, .min = 1,
     .help = "file of the keys that sign tokens, made when it is missing; "
             "none: beside the SQLite database; not used with auth.secret"},
    {"accounts.sign_up", &config_value_bool, ACCOUNT(sign_up), "true",
     .help = "anybody may create an account; else only a backend"},
    {"accounts.directory", &config_value_bool, ACCOUNT(directory), "false",
     .help = "signed-in users see the id and the name of every user"},
    {"accounts.token_seconds", &config_value_uint32, ACCOUNT(token_seconds),
     "900", .min = 30, .max = 86400,
     .help = "how long an access token is good"},
    {"accounts.login_days", &config_value_uint32, ACCOUNT(login_days), "30",
     .min = 1, .max = 3650,
     .help = "until a user that was not seen has to sign in again"},
    {"accounts.hash_memory_kib", &config_value_uint32, ACCOUNT(hash_memory_kib),
     "65536", .min = PASSWORD_MEMORY_KIB_MIN, .max = 4194304,
     .help = "memory of Argon2id for one password, in KiB"},
    {"accounts.hash_passes", &config_value_uint32, ACCOUNT(hash_passes), "3",
     .min = PASSWORD_PASSES_MIN, .max = 100,
     .help = "passes of Argon2id over that memory"},
    {"accounts.hash_threads", &config_value_uint32, ACCOUNT(hash_threads), "2",
     .min = 1, .max = 64, .help = "passwords checked at the same time"},
    {"accounts.hash_queue", &config_value_uint32, ACCOUNT(hash_queue), "64",
     .min = 1, .max = 10000,
     .help = "requests that wait for that; beyond, 503 with Retry-After"},
    {"accounts.account_attempts", &config_value_uint32,
     ACCOUNT(account_attempts), "10", .min = 1, .max = 60000,
     .help = "wrong passwords a minute for one account from one address"},
    {"accounts.address_attempts", &config_value_uint32,
     ACCOUNT(address_attempts), "60", .min = 1, .max = 60000,
     .help = "wrong passwords and new accounts a minute from one address"},
    {"accounts.strangers_attempts", &config_value_uint32,
     ACCOUNT(strangers_attempts), "100", .min = 1, .max = 60000,
     .help = "wrong passwords a minute for one account from all addresses "
             "where it has not signed in within 30 days"},
    {"accounts.connections", &config_value_uint32, ACCOUNT(connections), "4",
     .min = 1, .max = 64, .help = "connections to PostgreSQL"},
    {"accounts.timeout_ms", &config_value_uint32, ACCOUNT(timeout_ms), "3000",
     .min = 10, .max = 60000, .help = "until the database must have answered"},

    {"hooks.url", &config_value_text, HOOK(url), NULL, .min = 1,
     .help = "where the application is called: http://... or https://..."},
    {"hooks.secret", &config_value_text, HOOK(secret), NULL,
     .form = &hook_secret, .secret = true, .reloads = true,
     .help = "signs every call"},
    {"hooks.old_secret", &config_value_text, HOOK(old_secret), NULL,
     .form = &hook_secret, .secret = true, .reloads = true,
     .help = "signs every call too, until the application knows the new one"},
    {"hooks.ca", &config_value_text, HOOK(ca), NULL, .min = 1,
     .help = "PEM file of the CAs that sign the application; none: the "
             "system's"},
    {"hooks.questions", &config_value_list, HOOK(questions), "",
     .choices = HOOK_QUESTIONS,
     .help = "what the application is asked before it happens"},
    {"hooks.events", &config_value_list, HOOK(events), "",
     .choices = HOOK_EVENTS, .help = "what the application is told afterwards"},
    {"hooks.connect_headers", &config_value_list, HOOK(connect_headers), "",
     .choices = HOOK_HEADERS,
     .help = "of a handshake, shown to the application"},
    {"hooks.subscribe_channels", &config_value_list, HOOK(subscribe_channels),
     "*", .min = 1, .form = &channel_patterns,
     .help = "channels it is asked about before a client subscribes"},
    {"hooks.publish_channels", &config_value_list, HOOK(publish_channels), "*",
     .min = 1, .form = &channel_patterns,
     .help = "channels it is asked about before a client publishes"},
    {"hooks.on_failure", &config_value_choice, HOOK(on_failure), "refuse",
     .choices = "refuse|allow",
     .help = "what becomes of a question without an answer"},
    {"hooks.timeout_ms", &config_value_uint32, HOOK(timeout_ms), "3000",
     .min = 10, .max = 60000, .help = "until a question must be answered"},
    {"hooks.questions_max", &config_value_uint32, HOOK(questions_max), "1000",
     .min = 1, .max = 1000000,
     .help = "questions under way; more count as not answered"},
    {"hooks.publishes_max", &config_value_uint32, HOOK(publishes_max), "32",
     .min = 1, .max = 10000, .help = "of them, publishes of one connection"},
    {"hooks.connections", &config_value_uint32, HOOK(connections), "32",
     .min = 1, .max = 1000,
     .help = "connections to the application, for questions"},
    {"hooks.answer_bytes", &config_value_uint32, HOOK(answer_bytes), "131072",
     .min = 64, .max = 67108864,
     .help = "bytes of an answer; a longer one counts as none"},
    {"hooks.batch_events", &config_value_uint32, HOOK(batch_events), "1000",
     .min = 1, .max = 100000, .help = "events in one call"},
    {"hooks.batch_ms", &config_value_uint32, HOOK(batch_ms), "100", .min = 1,
     .max = 600000, .help = "between two calls with events"},
    {"hooks.events_timeout_ms", &config_value_uint32, HOOK(events_timeout_ms),
     "10000", .min = 10, .max = 600000,
     .help = "until a call with events must be answered"},
    {"hooks.retry_ms", &config_value_uint32, HOOK(retry_ms), "500", .min = 1,
     .max = 600000, .help = "before events are sent again; doubled each time"},
    {"hooks.retry_max_ms", &config_value_uint32, HOOK(retry_max_ms), "30000",
     .min = 1, .max = 3600000, .help = "the longest wait between two attempts"},
    {"hooks.retry_seconds", &config_value_uint32, HOOK(retry_seconds), "600",
     .max = 604800,
     .help = "how long a call with events is tried; then they are dropped"},
    {"hooks.queue_events", &config_value_uint32, HOOK(queue_events), "100000",
     .min = 1, .max = 10000000,
     .help = "events that wait; beyond it the oldest are dropped"},
    {"hooks.queue_bytes", &config_value_uint64, HOOK(queue_bytes), "33554432",
     .min = 4096, .max = 1099511627776,
     .help = "memory for the events that wait"},

    {"channels", &config_value_channels, AT(messaging.channels),
     "[{\"match\": \"*\"}]",
     .help = "rules for channels; the first that matches holds"},
};

const struct config_keys config_keys = {keys, sizeof keys / sizeof *keys};

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

/* Braces select the hashed part of a key, which Peal sets itself. */
static bool is_prefix(const char *text)
{
    return !strpbrk(text, "{}*?[] \t\r\n");
}

static const struct config_form prefix = {
    .expected = "a string without { } * ? [ ] or spaces",
    .is_valid = is_prefix};
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
    "a channel name, or a prefix and *", channel_pattern_is_valid,
    .plural = "channel names, or a prefix and *"};

static const struct config_key keys[] = {
    {"host", &config_value_text, AT(host), "127.0.0.1", .min = 1,
     .help = "address to listen on; 0.0.0.0 or :: for all"},
    {"port", &config_value_uint32, AT(port), "8080", .max = 65535,
     .help = "port to listen on; 0 picks a free one"},
    {"workers", &config_value_uint32, AT(workers), "0", .max = HUB_WORKERS_MAX,
     .help = "worker threads; 0: one per core"},
    {"insecure", &config_value_bool, AT(insecure), "false",
     .help = "allows listening beyond loopback without authentication, under "
             "any host name"},
    {"core_dumps", &config_value_bool, AT(core_dumps), "false",
     .help = "allows core files, and debuggers of the same user; both expose "
             "secrets"},
    {"web_root", &config_value_text, AT(web_root), NULL, .min = 1,
     .help = "folder of files to serve under /"},
    {"drain_delay_seconds", &config_value_uint32, AT(drain_delay_seconds), "0",
     .max = 3600,
     .help = "on shutdown, how long /ready answers 503 before new connections "
             "are refused, so that load balancers notice in time"},
    {"drain_seconds", &config_value_uint32, AT(drain_seconds), "5", .max = 3600,
     .help = "on shutdown, the time over which connections are closed"},
    {"io_uring", &config_value_bool, AT(io_uring), "true",
     .help =
         "send to many clients in one system call, if the kernel allows it"},
    {"explain_refusals", &config_value_bool, AT(explain_refusals), "false",
     .help = "accept a refused client, tell it why, and close the connection, "
             "because browsers show no other response; on with --dev"},
    {"dashboard", &config_value_choice, AT(dashboard), "loopback",
     .choices = "off|loopback|on",
     .help = "who may open /dashboard: nobody, this machine, or everyone with "
             "an API key of scope admin"},
    {"default_protocol", &config_value_text, AUTH(default_protocol), "echo",
     .min = 1, .reloads = true,
     .help = "protocol for clients that name none: echo or broadcast"},
    {"default_channel", &config_value_text, AT(default_channel), "lobby",
     .form = &channel, .help = "channel joined by clients that name none"},
    {"default_caps", &config_value_caps, AT(default_caps_json),
     "[{\"channels\": [\"*\"], "
     "\"allow\": [\"sub\", \"pub\", \"prs\", \"hst\", \"dir\"]}]",
     .reloads = true,
     .help = "capabilities of clients whose token has no caps"},
    {"echo_prefix", &config_value_text, AT(messaging.echo_prefix),
     "Echo: ", .help = "prefix of the echo protocol's texts"},
    {"single_connection", &config_value_bool, AT(messaging.single_connection),
     "false",
     .help = "a client's newest connection closes its older ones (4409)"},
    {"ping_seconds", &config_value_uint32, AT(messaging.ping_seconds), "25",
     .min = 1, .max = 3600, .help = "seconds between pings"},
    {"pong_seconds", &config_value_uint32, AT(messaging.pong_seconds), "10",
     .min = 1, .max = 3600,
     .help = "maximum time until the pong; less than ping_seconds"},
    {"max_connection_age", &config_value_uint32,
     AT(messaging.max_connection_age), "0", .max = 31536000, .reloads = true,
     .help = "seconds until a connection is closed with 1012, so that clients "
             "redistribute; randomly up to a tenth less, and up to "
             "ping_seconds more; 0: no limit"},
    {"origins", &config_value_list, AUTH(origins), "", .form = &origin,
     .reloads = true,
     .help = "web origins that may connect, besides the server's own: "
             "https://example.com, https://*.example.com, http://localhost:*, "
             "file://, null; * for all"},

    {"trusted_proxies", &config_value_list, AT(trusted_proxies), "",
     .form = &range, .reloads = true,
     .help = "address ranges of proxies whose information about client "
             "addresses is trusted: 10.0.0.0/8, ::1"},
    {"forwarded_header", &config_value_choice, AT(forwarded_header),
     "x-forwarded-for", .choices = FORWARDED_HEADERS, .reloads = true,
     .help = "the only header trusted for client addresses"},
    {"proxy_protocol", &config_value_bool, AT(proxy_protocol), "false",
     .help = "each connection begins with a PROXY header, version 1 or 2"},

    {"admin.host", &config_value_text, ADMIN(host), NULL, .min = 1,
     .help = "separate address for administration: /metrics, /api and "
             "/dashboard are then served only there"},
    {"admin.port", &config_value_uint32, ADMIN(port), "8081", .max = 65535,
     .help = "port for administration, with admin.host; 0 picks a free one"},
    {"admin.socket", &config_value_text, ADMIN(socket), NULL,
     .form = &socket_path,
     .help = "path of a Unix socket for administration, with or without "
             "admin.host"},

    {"log.level", &config_value_choice, AT(log_level), "info",
     .choices = "debug|info|warn|error", .reloads = true,
     .help = "lowest level that is logged"},
    {"log.format", &config_value_choice, AT(log_format), "text",
     .choices = "text|json", .reloads = true,
     .help = "key=value lines, or one JSON object per line"},
    {"log.file", &config_value_text, AT(log_file), NULL, .min = 1,
     .reloads = true,
     .help = "file to append to instead of stderr; reopened on SIGHUP"},
    {"log.audit", &config_value_choice, AT(log_audit), "changes",
     .choices = AUDIT_LEVELS, .reloads = true,
     .help = "which API actions are logged individually: none, those that "
             "change clients and access, or all"},

    {"tls.cert", &config_value_text, TLS(cert), NULL, .min = 1, .reloads = true,
     .help = "PEM file with the server's certificate followed by its chain: "
             "turns TLS on"},
    {"tls.key", &config_value_text, TLS(key), NULL, .min = 1, .reloads = true,
     .help = "PEM file with its private key, without a passphrase"},
    {"tls.client_ca", &config_value_text, TLS(client_ca), NULL, .min = 1,
     .reloads = true,
     .help = "PEM file with the CAs of client certificates: turns on requests "
             "for them"},
    {"tls.client_certificate", &config_value_choice, TLS(client_certificate),
     "required", .choices = "required|optional", .reloads = true,
     .help = "whether a client without a certificate is refused; with "
             "optional, a token suffices"},
    {"tls.client_id_from_certificate", &config_value_bool,
     TLS(client_id_from_certificate), "false", .reloads = true,
     .help = "the subject's CN of the client certificate is the client id and "
             "replaces the token"},

    {"auth.secret", &config_value_text, AUTH(secret), NULL, .min = 1,
     .secret = true, .reloads = true,
     .help = "key for tokens signed with HS256, HS384 or HS512; no flag, "
             "because others could see it"},
    {"auth.key_file", &config_value_text, AUTH(key_file), NULL, .min = 1,
     .reloads = true,
     .help = "PEM file with the public key of the token issuer"},
    {"auth.jwks_file", &config_value_text, AUTH(jwks_file), NULL, .min = 1,
     .reloads = true,
     .help = "JSON Web Key Set with the keys of the token issuer"},
    {"auth.jwks_url", &config_value_text, AUTH(jwks_url), NULL, .min = 1,
     .help = "URL to fetch such a set from: https://..."},
    {"auth.jwks_ca", &config_value_text, AUTH(jwks_ca), NULL, .min = 1,
     .help = "PEM file of the CAs that sign that server; none: the system's"},
    {"auth.jwks_refresh_seconds", &config_value_uint32,
     AUTH(jwks_refresh_seconds), "600", .min = 10, .max = 86400,
     .help = "seconds between fetches; an unknown key is looked up sooner"},
    {"auth.algorithms", &config_value_list, AUTH(algorithms),
     "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, "
     "ES384, ES512, EdDSA",
     .min = 1, .choices = ALGORITHMS, .reloads = true,
     .help = "accepted for tokens; the type of the key must fit too"},
    {"auth.audience", &config_value_text, AUTH(audience), NULL, .min = 1,
     .reloads = true, .help = "value that a token's aud must contain"},
    {"auth.issuer", &config_value_text, AUTH(issuer), NULL, .min = 1,
     .reloads = true, .help = "value that a token's iss must have"},
    {"auth.client_claim", &config_value_text, AUTH(client_claim), "sub",
     .min = 1, .reloads = true,
     .help = "the claim of a token that holds the client id"},
    {"auth.leeway_seconds", &config_value_uint32, AUTH(leeway_seconds), "30",
     .max = 3600, .reloads = true,
     .help = "tolerated clock difference, for exp and nbf"},
    {"auth.query_token", &config_value_bool, AUTH(query_token), "false",
     .reloads = true, .help = "accept ?token=; caution: proxies log addresses"},

    {"limits.message_bytes", &config_value_uint32, LIMIT(message_bytes),
     "65536", .min = 1, .max = 67108864, .reloads = true,
     .help = "bytes of one message from a client"},
    {"limits.connections", &config_value_uint32, LIMIT(connections), "100000",
     .min = 1, .max = MANY, .help = "connections in total"},
    {"limits.connections_per_ip", &config_value_uint32,
     LIMIT(connections_per_ip), "0", .max = MANY, .reloads = true,
     .help = "connections from one address; 0: no limit"},
    {"limits.connections_per_client", &config_value_uint32,
     LIMIT(connections_per_client), "0", .max = MANY, .reloads = true,
     .help = "connections of one client id; 0: no limit"},
    {"limits.refusals_per_second", &config_value_uint32,
     LIMIT(refusals_per_second), "100", .max = 1000000, .reloads = true,
     .help =
         "401 and 403 responses to one address; beyond it 429. 0: no limit"},
    {"limits.messages_per_second", &config_value_uint32,
     LIMIT(messages_per_second), "100", .max = 1000000, .reloads = true,
     .help = "messages per second from one connection; 0: no limit"},
    {"limits.channels_per_connection", &config_value_uint32,
     LIMIT(channels_per_connection), "128", .min = 1, .max = 100000,
     .reloads = true, .help = "channels of one connection at a time"},
    {"limits.channels", &config_value_uint32, LIMIT(channels), "100000",
     .min = 1, .max = MANY, .reloads = true, .help = "channels at a time"},
    {"limits.bad_messages", &config_value_uint32, LIMIT(bad_messages), "10",
     .min = 1, .max = MANY, .reloads = true,
     .help = "bad messages until the connection is closed"},
    {"limits.outbox_bytes", &config_value_uint32, LIMIT(outbox_bytes),
     "1048576", .min = 1, .max = MANY, .reloads = true,
     .help = "bytes of unrequested messages that may wait for one slow "
             "connection; beyond the same number of bytes of responses, its "
             "requests are not read"},
    {"limits.outbox_messages", &config_value_uint32, LIMIT(outbox_messages),
     "1024", .min = 1, .max = 1000000, .reloads = true,
     .help = "unrequested messages that may wait for one slow connection"},
    {"limits.stalled_seconds", &config_value_uint32, LIMIT(stalled_seconds),
     "10", .min = 1, .max = 3600, .reloads = true,
     .help = "how long a socket may accept none of its waiting bytes"},
    {"limits.head_bytes", &config_value_uint32, LIMIT(head_bytes), "16384",
     .min = 1024, .max = 1048576, .reloads = true,
     .help =
         "bytes of a request's line and headers; longer ones get 431 or 414"},
    {"limits.handshake_seconds", &config_value_uint32, LIMIT(handshake_seconds),
     "5", .min = 1, .max = 3600,
     .help = "time for a socket to send its whole request"},
    {"limits.inbox_messages", &config_value_uint32, LIMIT(inbox_messages),
     "65536", .min = 1, .max = MANY, .reloads = true,
     .help = "messages that may wait for one worker"},
    {"limits.body_bytes", &config_value_uint32, API(body_bytes), "1048576",
     .min = 1, .max = 67108864, .reloads = true,
     .help = "bytes of the body of one request to the HTTP API"},
    {"limits.batch_commands", &config_value_uint32, API(batch_commands), "1000",
     .min = 1, .max = 100000, .reloads = true,
     .help = "commands or channels in one request to the HTTP API"},
    {"limits.idempotency_keys", &config_value_uint32, LIMIT(idempotency_keys),
     "100000", .min = 1, .max = MANY, .reloads = true,
     .help = "idempotency keys remembered for 5 minutes, without Redis"},
    {"limits.tickets", &config_value_uint32, LIMIT(tickets), "100000", .min = 1,
     .max = MANY, .reloads = true,
     .help = "tickets that are not used yet, without Redis"},
    {"limits.memory_bytes", &config_value_uint64, LIMIT(memory_bytes),
     "1073741824", .max = 1099511627776, .reloads = true,
     .help = "bytes waiting for all connections together; 0: no limit"},
    {"limits.history_bytes", &config_value_uint64, LIMIT(history_bytes),
     "268435456", .max = 1099511627776, .reloads = true,
     .help = "bytes of history of all channels together; 0: no limit"},

    {"api.key", &config_value_text, API(key), NULL, .form = &api_key,
     .secret = true, .reloads = true, .help = "API key that may do everything"},
    {"api.keys", &config_value_api_keys, API(keys), "[]", .reloads = true,
     .help = "additional keys as hashes, each with scopes"},
    {"api.requests_per_second", &config_value_uint32, API(requests_per_second),
     "0", .max = 1000000, .reloads = true,
     .help = "requests per second with api.key; 0: no limit"},

    {"pusher.apps", &config_value_pusher_apps, AT(pusher_apps), "[]",
     .reloads = true,
     .help = "applications that use Pusher's protocol; none: off"},

    {"redis.url", &config_value_text, REDIS(url), NULL, .min = 1,
     .secret = true, .reloads = true,
     .help = "redis://[[user]:password@]host[:port][/database], rediss:// for "
             "TLS, unix:///path, "
             "redis+sentinel://[[user]:password@]host[:port],host/master, or "
             "redis+cluster://[[user]:password@]host[:port],host: connects "
             "instances into one service"},
    {"redis.tls_ca", &config_value_text, REDIS(tls_ca), NULL, .min = 1,
     .help = "PEM file of the CAs for Redis' certificate; none: the system's"},
    {"redis.tls_cert", &config_value_text, REDIS(tls_cert), NULL, .min = 1,
     .help = "PEM file with the client certificate for Redis, and its chain"},
    {"redis.tls_key", &config_value_text, REDIS(tls_key), NULL, .min = 1,
     .help = "PEM file with the private key of redis.tls_cert"},
    {"redis.sentinel_user", &config_value_text, REDIS(sentinel_user), NULL,
     .min = 1, .reloads = true,
     .help = "user for the Sentinels; none: the default user"},
    {"redis.sentinel_password", &config_value_text, REDIS(sentinel_password),
     NULL, .min = 1, .secret = true, .reloads = true,
     .help = "password for the Sentinels; those in redis.url are for Redis"},
    {"redis.sentinel_tls", &config_value_bool, REDIS(sentinel_tls), "false",
     .help = "TLS to the Sentinels, with the certificates of redis.tls_..."},
    {"redis.prefix", &config_value_text, REDIS(prefix), "peal:", .min = 1,
     .form = &prefix,
     .help = "prefix of every key and channel in Redis; services with "
             "different prefixes are separate"},
    {"redis.sharded", &config_value_bool, REDIS(sharded), "false",
     .help = "use sharded pub/sub (SSUBSCRIBE, SPUBLISH)"},
    {"redis.connect_ms", &config_value_uint32, REDIS(connect_ms), "2000",
     .min = 10, .max = 600000,
     .help = "milliseconds to establish a connection to Redis"},
    {"redis.timeout_ms", &config_value_uint32, REDIS(timeout_ms), "3000",
     .min = 10, .max = 600000, .help = "milliseconds to wait for a response"},
    {"redis.backoff_ms", &config_value_uint32, REDIS(backoff_ms), "100",
     .min = 1, .max = 600000,
     .help = "milliseconds before the second attempt to connect; doubled each "
             "time"},
    {"redis.backoff_max_ms", &config_value_uint32, REDIS(backoff_max_ms),
     "3000", .min = 1, .max = 600000,
     .help = "maximum milliseconds between attempts"},
    {"redis.backlog_messages", &config_value_uint32, REDIS(backlog_messages),
     "100000", .min = 1, .max = MANY,
     .help = "requests that may wait while Redis is unavailable or busy"},
    {"redis.backlog_seconds", &config_value_uint32, REDIS(backlog_seconds),
     "10", .min = 1, .max = 3600,
     .help = "how long a request waits before it fails with unavailable"},
    {"redis.ready_grace_seconds", &config_value_uint32,
     REDIS(ready_grace_seconds), "10", .max = 3600,
     .help = "how long Redis may be unavailable before /ready answers 503"},
    {"redis.lease_seconds", &config_value_uint32, REDIS(lease_seconds), "15",
     .min = 2, .max = 3600,
     .help = "an instance that is silent for this long counts as failed"},

    {"accounts.url", &config_value_text, ACCOUNT(url), NULL,
     .form = &accounts_url, .secret = true,
     .help = "where users are stored: sqlite:///path, or "
             "postgresql://user:password@host/database; none: no accounts"},
    {"accounts.key_file", &config_value_text, ACCOUNT(key_file), NULL, .min = 1,
     .help = "file with the ES256 keys that sign access tokens, created if "
             "missing; none: the path of the SQLite database plus .keys. "
             "Unused with auth.secret"},
    {"accounts.sign_up", &config_value_bool, ACCOUNT(sign_up), "true",
     .help = "everyone may create an account; false: only backends with the "
             "scope users"},
    {"accounts.directory", &config_value_bool, ACCOUNT(directory), "false",
     .help = "logged-in users see the id and name of every user at GET /users"},
    {"accounts.token_seconds", &config_value_uint32, ACCOUNT(token_seconds),
     "900", .min = 30, .max = 86400, .help = "validity of an access token"},
    {"accounts.login_days", &config_value_uint32, ACCOUNT(login_days), "30",
     .min = 1, .max = 3650,
     .help = "days without activity until a user must log in again"},
    {"accounts.hash_memory_kib", &config_value_uint32, ACCOUNT(hash_memory_kib),
     "65536", .min = PASSWORD_MEMORY_KIB_MIN, .max = 4194304,
     .help = "memory of Argon2id for one password, in KiB; at least 19456. "
             "Passwords stored at a lower cost are rehashed at the next login"},
    {"accounts.hash_passes", &config_value_uint32, ACCOUNT(hash_passes), "3",
     .min = PASSWORD_PASSES_MIN, .max = 100,
     .help = "passes of Argon2id over that memory; at least 2"},
    {"accounts.hash_threads", &config_value_uint32, ACCOUNT(hash_threads), "2",
     .min = 1, .max = 64, .help = "threads that check passwords"},
    {"accounts.hash_queue", &config_value_uint32, ACCOUNT(hash_queue), "64",
     .min = 1, .max = 10000,
     .help = "requests that may wait for these threads; further ones get 503 "
             "with Retry-After"},
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
     .min = 10, .max = 60000, .help = "milliseconds to wait for the database"},

    {"hooks.url", &config_value_text, HOOK(url), NULL, .min = 1,
     .help = "URL of your application: http://... or https://..."},
    {"hooks.secret", &config_value_text, HOOK(secret), NULL,
     .form = &hook_secret, .secret = true, .reloads = true,
     .help = "signs every call; at least 16 characters"},
    {"hooks.old_secret", &config_value_text, HOOK(old_secret), NULL,
     .form = &hook_secret, .secret = true, .reloads = true,
     .help = "signs every call too, while your application changes over"},
    {"hooks.ca", &config_value_text, HOOK(ca), NULL, .min = 1,
     .help = "PEM file of the CAs for your application's certificate; none: "
             "the system's"},
    {"hooks.questions", &config_value_list, HOOK(questions), "",
     .choices = HOOK_QUESTIONS,
     .help = "questions to ask your application before something happens"},
    {"hooks.events", &config_value_list, HOOK(events), "",
     .choices = HOOK_EVENTS,
     .help = "events to send to your application afterwards"},
    {"hooks.connect_headers", &config_value_list, HOOK(connect_headers), "",
     .choices = HOOK_HEADERS,
     .help = "headers of the handshake to send with connect"},
    {"hooks.subscribe_channels", &config_value_list, HOOK(subscribe_channels),
     "*", .min = 1, .form = &channel_patterns,
     .help = "channels to ask subscribe for: names, or a prefix and *"},
    {"hooks.publish_channels", &config_value_list, HOOK(publish_channels), "*",
     .min = 1, .form = &channel_patterns, .help = "the same for publish"},
    {"hooks.on_failure", &config_value_choice, HOOK(on_failure), "refuse",
     .choices = "refuse|allow", .help = "what to do without an answer"},
    {"hooks.timeout_ms", &config_value_uint32, HOOK(timeout_ms), "3000",
     .min = 10, .max = 60000, .help = "milliseconds to wait for an answer"},
    {"hooks.questions_max", &config_value_uint32, HOOK(questions_max), "1000",
     .min = 1, .max = 1000000,
     .help = "outstanding questions; more count as not answered"},
    {"hooks.publishes_max", &config_value_uint32, HOOK(publishes_max), "32",
     .min = 1, .max = 10000,
     .help = "outstanding publish questions of one connection; more get the "
             "error unavailable"},
    {"hooks.connections", &config_value_uint32, HOOK(connections), "32",
     .min = 1, .max = 1000,
     .help =
         "connections to your application for questions; more questions wait"},
    {"hooks.answer_bytes", &config_value_uint32, HOOK(answer_bytes), "131072",
     .min = 64, .max = 67108864,
     .help = "bytes of an answer; a longer one counts as no answer"},
    {"hooks.batch_events", &config_value_uint32, HOOK(batch_events), "1000",
     .min = 1, .max = 100000, .help = "events in one call"},
    {"hooks.batch_ms", &config_value_uint32, HOOK(batch_ms), "100", .min = 1,
     .max = 600000, .help = "minimum milliseconds between calls with events"},
    {"hooks.events_timeout_ms", &config_value_uint32, HOOK(events_timeout_ms),
     "10000", .min = 10, .max = 600000,
     .help = "milliseconds to wait for the response to events"},
    {"hooks.retry_ms", &config_value_uint32, HOOK(retry_ms), "500", .min = 1,
     .max = 600000,
     .help = "milliseconds before events are sent again; doubled each time"},
    {"hooks.retry_max_ms", &config_value_uint32, HOOK(retry_max_ms), "30000",
     .min = 1, .max = 3600000, .help = "maximum milliseconds between attempts"},
    {"hooks.retry_seconds", &config_value_uint32, HOOK(retry_seconds), "600",
     .max = 604800,
     .help = "how long to retry a call with events before dropping it"},
    {"hooks.queue_events", &config_value_uint32, HOOK(queue_events), "100000",
     .min = 1, .max = 10000000,
     .help = "events that may wait; beyond it the oldest are dropped"},
    {"hooks.queue_bytes", &config_value_uint64, HOOK(queue_bytes), "33554432",
     .min = 4096, .max = 1099511627776,
     .help = "bytes of the events that wait"},

    {"channels", &config_value_channels, AT(messaging.channels),
     "[{\"match\": \"*\"}]",
     .help = "rules for channels; the first that matches applies"},
};

const struct config_keys config_keys = {keys, sizeof keys / sizeof *keys};

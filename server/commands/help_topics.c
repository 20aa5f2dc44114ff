#include "commands/help_topics.h"

#include <stddef.h>

const struct help_topic help_topics[] = {
    {"service",
     "run it as a service: start, reload, upgrade, stop",
     {"host", "port", "workers", "core_dumps", "io_uring", "web_root",
      "drain_delay_seconds", "drain_seconds", "log."},
     "The package's unit reads /etc/peal/peal.json and after it "
     "/etc/peal/conf.d/*.json, where your settings belong:\n"
     "\n"
     "  {\n"
     "    \"host\": \"127.0.0.1\",\n"
     "    \"default_protocol\": \"broadcast\",\n"
     "    \"drain_delay_seconds\": 5,\n"
     "    \"drain_seconds\": 20,\n"
     "    \"log\": {\"format\": \"json\"}\n"
     "  }\n"
     "\n"
     "Check the config before you apply it. A reload with an invalid config "
     "fails and changes nothing:\n"
     "\n"
     "  $ peal --config /etc/peal/peal.json --check-config --user peal\n"
     "  $ systemctl reload peal\n"
     "  $ peal config --config /etc/peal/peal.json\n"
     "\n"
     "Apply a new version, or a changed key that needs a restart, without "
     "downtime; then check the state:\n"
     "\n"
     "  $ systemctl kill --kill-whom=main -s USR2 peal\n"
     "  $ journalctl -u peal -p warning\n"
     "  $ peal info\n"},
    {"auth",
     "who may connect, and what they may do there",
     {"auth.", "insecure", "origins", "default_caps", "explain_refusals"},
     "Tokens are JWTs, signed by your backend with a shared secret, or by an "
     "identity provider whose keys Peal fetches. Beyond loopback, Peal "
     "requires one of these:\n"
     "\n"
     "  {\n"
     "    \"auth\": {\n"
     "      \"jwks_url\": "
     "\"https://login.example.com/.well-known/jwks.json\",\n"
     "      \"issuer\": \"https://login.example.com/\",\n"
     "      \"audience\": \"chat\"\n"
     "    },\n"
     "    \"origins\": [\"https://app.example.com\"],\n"
     "    \"default_caps\": [\n"
     "      {\"channels\": [\"news:*\"], \"allow\": [\"sub\", \"hst\"]}\n"
     "    ]\n"
     "  }\n"
     "\n"
     "Keep a secret in a file, which a reload rereads; create a token by hand; "
     "see why a client is refused:\n"
     "\n"
     "  $ PEAL_AUTH_SECRET_FILE=/etc/peal/secret peal --config peal.json\n"
     "  $ PEAL_AUTH_SECRET_FILE=/etc/peal/secret peal token --sub alice --ttl "
     "15m\n"
     "  $ PEAL_API_KEY=... peal client refusals alice\n"},
    {"tls",
     "server and client certificates",
     {"tls."},
     "Peal can terminate TLS itself. A reload reads a renewed certificate; an "
     "expired one never replaces a valid one:\n"
     "\n"
     "  {\n"
     "    \"host\": \"0.0.0.0\",\n"
     "    \"port\": 443,\n"
     "    \"tls\": {\n"
     "      \"cert\": "
     "\"/etc/letsencrypt/live/chat.example.com/fullchain.pem\",\n"
     "      \"key\": \"/etc/letsencrypt/live/chat.example.com/privkey.pem\"\n"
     "    }\n"
     "  }\n"
     "\n"
     "Use it as a certbot hook, once the peal user can read the files:\n"
     "\n"
     "  $ certbot renew --deploy-hook \"systemctl reload peal\"\n"
     "  $ peal info --url https://chat.example.com\n"},
    {"proxy",
     "behind nginx, HAProxy or a balancer",
     {"trusted_proxies", "forwarded_header", "proxy_protocol"},
     "Name the proxies that you trust; otherwise all clients count as one "
     "address for the limits. The examples in /usr/share/doc/peal/examples "
     "deny /api, "
     "/metrics and /dashboard from outside and wait longer than ping_seconds.\n"
     "\n"
     "  {\n"
     "    \"host\": \"127.0.0.1\",\n"
     "    \"trusted_proxies\": [\"127.0.0.1\", \"10.0.0.0/24\"],\n"
     "    \"forwarded_header\": \"x-forwarded-for\",\n"
     "    \"drain_delay_seconds\": 5\n"
     "  }\n"
     "\n"
     "The proxy checks /ready; set the delay longer than its checks take to "
     "fail. Test both sides:\n"
     "\n"
     "  $ curl -i http://127.0.0.1:8080/ready\n"
     "  $ curl -i https://chat.example.com/metrics\n"},
    {"redis",
     "several instances as one service, lasting history",
     {"redis."},
     "All instances with the same redis.url and redis.prefix form one service. "
     "Redis with Sentinels is redis+sentinel://HOST,HOST,HOST/NAME, a cluster "
     "redis+cluster://HOST,HOST; rediss://... speaks TLS. Put a URL with a "
     "password into a file:\n"
     "\n"
     "  {\n"
     "    \"redis\": {\n"
     "      \"prefix\": \"chat:\",\n"
     "      \"ready_grace_seconds\": 10,\n"
     "      \"backlog_seconds\": 10\n"
     "    }\n"
     "  }\n"
     "\n"
     "  $ PEAL_REDIS_URL_FILE=/etc/peal/redis-url peal --config peal.json\n"
     "  $ PEAL_REDIS_URL=redis+sentinel://10.0.0.1,10.0.0.2,10.0.0.3/mymaster "
     "peal\n"
     "\n"
     "Redis needs `maxmemory-policy noeviction`, and a user with the rights in "
     "conf/README.md. /ready reports why a Redis server cannot be used; "
     "backends may also publish through Redis:\n"
     "\n"
     "  $ curl http://127.0.0.1:8080/ready\n"
     "  $ redis-cli XADD chat:in '*' channel lobby payload "
     "'{\"text\":\"hello\"}'\n"},
    {"channels",
     "history, presence and protocols",
     {"channels", "default_protocol", "default_channel", "echo_prefix",
      "single_connection", "ping_seconds", "pong_seconds",
      "max_connection_age"},
     "The first entry that matches a channel's name applies:\n"
     "\n"
     "  {\n"
     "    \"default_protocol\": \"broadcast\",\n"
     "    \"channels\": [\n"
     "      {\"match\": \"chat:*\", \"history_size\": 100,\n"
     "       \"history_seconds\": 86400, \"presence\": true, \"join_leave\": "
     "true,\n"
     "       \"leave_seconds\": 5},\n"
     "      {\"match\": \"*\", \"history_size\": 0}\n"
     "    ]\n"
     "  }\n"
     "\n"
     "  $ PEAL_API_KEY=... peal history --channel chat:1 --limit 20\n"
     "  $ PEAL_API_KEY=... peal presence --channel chat:1\n"
     "  $ PEAL_API_KEY=... peal tail --channel chat:1\n"},
    {"limits",
     "limits per client, per address and in total",
     {"limits."},
     "The defaults suit one machine. limits.connections requires as many open "
     "files, and memory_bytes bounds the data waiting for slow clients:\n"
     "\n"
     "  {\n"
     "    \"limits\": {\n"
     "      \"connections\": 50000,\n"
     "      \"connections_per_client\": 10,\n"
     "      \"messages_per_second\": 50,\n"
     "      \"memory_bytes\": 536870912\n"
     "    }\n"
     "  }\n"
     "\n"
     "peal_limit_reached_total and the log show which limits are reached:\n"
     "\n"
     "  $ curl -s http://127.0.0.1:8080/metrics | grep limit\n"
     "  $ PEAL_API_KEY=... peal client ban --address 192.0.2.0/24 --ttl 600\n"},
    {"api",
     "backends, keys, dashboard, a separate address",
     {"api.", "admin.", "dashboard"},
     "Give each backend its own key, as a hash and with only the scopes it "
     "needs, and serve the API on a separate address:\n"
     "\n"
     "  {\n"
     "    \"admin\": {\"host\": \"127.0.0.1\", \"port\": 8081,\n"
     "              \"socket\": \"/run/peal/admin\"},\n"
     "    \"api\": {\n"
     "      \"keys\": [\n"
     "        {\"name\": \"shop\", \"scopes\": [\"publish\"],\n"
     "         \"channels\": [\"shop:*\"], \"hash\":\n"
     "    \"sha256:"
     "7a6f460031d0166d387ad42bc7deb069d692b15ea71b5c061ac956178edb2c0b\"}\n"
     "      ]\n"
     "    }\n"
     "  }\n"
     "\n"
     "  $ peal hash-key --new\n"
     "  $ PEAL_API_KEY=... peal publish --channel shop:1 '{\"price\":5}'\n"
     "  $ PEAL_API_KEY=... peal info --url unix:/run/peal/admin\n"
     "  $ PEAL_API_KEY=... peal client show alice\n"},
    {"hooks",
     "ask and notify your application",
     {"hooks."},
     "Peal asks before a client connects, subscribes or publishes, and reports "
     "joins and leaves. Calls are signed. If the application fails, on_failure "
     "decides:\n"
     "\n"
     "  {\n"
     "    \"hooks\": {\n"
     "      \"url\": \"https://app.example.com/peal\",\n"
     "      \"questions\": [\"connect\", \"subscribe\"],\n"
     "      \"events\": [\"member_added\", \"member_removed\"],\n"
     "      \"on_failure\": \"refuse\",\n"
     "      \"timeout_ms\": 3000\n"
     "    }\n"
     "  }\n"
     "\n"
     "The secret is read from a file. To change it, keep the former one in "
     "hooks.old_secret until the application has switched:\n"
     "\n"
     "  $ PEAL_HOOKS_SECRET_FILE=/etc/peal/hook-secret peal --config "
     "peal.json\n"
     "  $ curl -s http://127.0.0.1:8080/metrics | grep hook\n"},
    {"accounts",
     "users who sign up and sign in at Peal",
     {"accounts."},
     "Use SQLite for one instance, PostgreSQL for several. Back up the "
     "database and the key file next to it:\n"
     "\n"
     "  {\n"
     "    \"accounts\": {\n"
     "      \"url\": \"sqlite:///var/lib/peal/accounts.db\",\n"
     "      \"sign_up\": true\n"
     "    }\n"
     "  }\n"
     "\n"
     "  $ peal user add ann@example.com --name Ann < password.txt\n"
     "  $ peal user disable ann@example.com\n"
     "  $ peal user export > users.jsonl\n"
     "  $ peal user rotate-key\n"},
    {"pusher",
     "clients and backends that speak Pusher's protocol",
     {"pusher."},
     "Print an entry, and paste it into pusher.apps:\n"
     "\n"
     "  $ peal pusher-app new\n"
     "\n"
     "pusher-js then connects with wsHost and wsPort set to Peal's, and the "
     "entry's key.\n"},
    {"monitoring",
     "health, readiness, metrics, alerts, the audit log",
     {"log."},
     "Use /health for liveness, /ready for load balancers and /metrics for "
     "Prometheus. "
     "Alerts and a Grafana dashboard are in /usr/share/doc/peal/examples.\n"
     "\n"
     "  {\n"
     "    \"log\": {\"format\": \"json\", \"level\": \"info\", \"audit\": "
     "\"changes\"}\n"
     "  }\n"
     "\n"
     "  $ curl -f http://127.0.0.1:8080/health\n"
     "  $ curl http://127.0.0.1:8080/ready\n"
     "  $ curl -s http://127.0.0.1:8080/metrics | promtool check metrics\n"
     "  $ journalctl -u peal -o cat | grep kind=audit\n"
     "  $ PEAL_API_KEY=... peal client refusals alice\n"},
    {.name = NULL},
};

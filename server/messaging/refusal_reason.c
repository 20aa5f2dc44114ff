#include "messaging/refusal_reason.h"

enum {
    H = 1 << REFUSED_HANDSHAKE,
    A = 1 << REFUSED_API_REQUEST,
    R = 1 << REFUSED_REFRESH,
    O = 1 << REFUSED_OPERATION
};

static const struct refusal_reason_info table[REFUSAL_REASON_COUNT] = {
    [REFUSAL_NONE] = {"none", 0, 0, "", CLOSE_NONE},
    [REFUSAL_METHOD] = {"method", H, 405, "Method not allowed", CLOSE_NONE},
    [REFUSAL_PATH] = {"path", H, 404, "Not found", CLOSE_NONE},
    [REFUSAL_VERSION] = {"version", H, 426, "Upgrade required", CLOSE_NONE},
    [REFUSAL_KEY] = {"websocket_key", H, 400, "Bad handshake", CLOSE_NONE},
    [REFUSAL_CLIENT_ID] = {"client_id", H, 400, "Invalid client id",
                           CLOSE_NONE},
    [REFUSAL_PROTOCOL] = {"protocol", H, 400, "Unknown protocol", CLOSE_NONE},
    [REFUSAL_HOST] = {"host", H | A, 403, "Host not allowed", CLOSE_FORBIDDEN},
    [REFUSAL_ORIGIN] = {"origin", H, 403, "Origin not allowed",
                        CLOSE_FORBIDDEN},
    [REFUSAL_CERTIFICATE_MISSING] = {"certificate_missing", H, 401,
                                     "Client certificate required",
                                     CLOSE_TOKEN_MISSING},
    [REFUSAL_CERTIFICATE_CLIENT] = {"certificate_client", H, 403,
                                    "Certificate is for another client",
                                    CLOSE_FORBIDDEN},
    [REFUSAL_TOKEN_MISSING] = {"token_missing", H, 401,
                               "Authorization header required",
                               CLOSE_TOKEN_MISSING},
    [REFUSAL_TOKEN_INVALID] = {"token_invalid", H | R, 401, "Invalid token",
                               CLOSE_TOKEN_INVALID},
    [REFUSAL_TOKEN_EXPIRED] = {"token_expired", H | R, 401, "Invalid token",
                               CLOSE_TOKEN_EXPIRED},
    [REFUSAL_TOKEN_CLIENT] = {"token_client", H | R, 403,
                              "Token is for another client", CLOSE_FORBIDDEN},
    [REFUSAL_TICKET_MISSING] = {"ticket_missing", H, 401, "Ticket required",
                                CLOSE_TOKEN_MISSING},
    [REFUSAL_TICKET_INVALID] = {"ticket_invalid", H, 401, "Invalid ticket",
                                CLOSE_TOKEN_INVALID},
    [REFUSAL_TICKET_CLIENT] = {"ticket_client", H, 403,
                               "Ticket is for another client", CLOSE_FORBIDDEN},
    [REFUSAL_DASHBOARD] = {"dashboard", H, 404, "Not found", CLOSE_NONE},
    [REFUSAL_LISTENER] = {"listener", H, 403,
                          "Clients must connect to the public address",
                          CLOSE_NONE},
    [REFUSAL_APPLICATION] = {"application", H | O, 403,
                             "Refused by the application", CLOSE_FORBIDDEN},
    [REFUSAL_NO_ANSWER] = {"application_no_answer", H, 503, "Unavailable",
                           CLOSE_NONE},
    [REFUSAL_UNAVAILABLE] = {"unavailable", H, 503, "Unavailable", CLOSE_NONE},
    [REFUSAL_DRAINING] = {"draining", H, 503, "Draining", CLOSE_NONE},
    [REFUSAL_FULL] = {"connections", H, 503, "Full", CLOSE_NONE},
    [REFUSAL_MEMORY] = {"memory_bytes", H, 503, "Overloaded", CLOSE_NONE},
    [REFUSAL_ADDRESS_LIMIT] = {"connections_per_ip", H, 429,
                               "Too many connections", CLOSE_NONE},
    [REFUSAL_CLIENT_LIMIT] = {"connections_per_client", H, 429,
                              "Too many connections", CLOSE_NONE},
    [REFUSAL_RATE] = {"refusals_per_second", H | A, 429, "Too many refusals",
                      CLOSE_NONE},
    [REFUSAL_BANNED] = {"banned", H, 403, "Banned", CLOSE_FORBIDDEN},
    [REFUSAL_API_OFF] = {"api_off", A, 401,
                         "The API is off: set api.key (PEAL_API_KEY) or "
                         "api.keys",
                         CLOSE_NONE},
    [REFUSAL_API_KEY_MISSING] = {"key_missing", A, 401,
                                 "Authorization: Bearer <API key> required",
                                 CLOSE_NONE},
    [REFUSAL_API_KEY_UNKNOWN] = {"key_unknown", A, 401, "Unknown API key",
                                 CLOSE_NONE},
    [REFUSAL_API_SCOPE] = {"key_scope", A, 403, "The key does not allow this",
                           CLOSE_NONE},
    [REFUSAL_API_REACH] = {"key_reach", A, 403,
                           "The key has no access to this channel or client",
                           CLOSE_NONE},
    [REFUSAL_API_RATE] = {"requests_per_second", A, 429,
                          "Too many requests with this key", CLOSE_NONE},
    [REFUSAL_FORBIDDEN] = {"forbidden", O, 0, "The token does not allow this",
                           CLOSE_NONE},
};

const struct refusal_reason_info *
refusal_reason_info(enum refusal_reason reason)
{
    return &table[reason];
}

bool refusal_reason_fits(enum refusal_reason reason, enum refusal_kind kind)
{
    return table[reason].kinds & 1U << kind;
}

#include "api/cors.h"

#include "api/answer.h"

void cors_add(struct bytes origin, bool is_allowed,
              struct api_response *response)
{
    answer_add_header(response, "Vary", BYTES_LITERAL("Origin"));
    if (!is_allowed)
        return;
    answer_add_header(response, "Access-Control-Allow-Origin", origin);
    answer_add_header(response, "Access-Control-Allow-Credentials",
                      BYTES_LITERAL("true"));
}

void cors_answer_options(const char *allow, bool origin_is_allowed,
                         struct api_response *response)
{
    response->status = 204;
    answer_add_header(response, "Allow", bytes_of(allow));
    if (!origin_is_allowed)
        return;
    answer_add_header(response, "Access-Control-Allow-Methods",
                      bytes_of(allow));
    answer_add_header(response, "Access-Control-Allow-Headers",
                      BYTES_LITERAL("Authorization, Content-Type"));
    answer_add_header(response, "Access-Control-Max-Age", BYTES_LITERAL("600"));
}

#include "process/fresh_token.h"

#include "auth/auth.h"
#include "messaging/bans.h"
#include "net/shared.h"

bool fresh_token_judge(void *arg, struct bytes token, const char *client_id,
                       struct identity *identity, enum refusal_reason *reason,
                       const char **why)
{
    const struct net *net = arg;
    struct verdict verdict;
    auth_judge_token(net->auth, token, client_id, &verdict);
    bans_judge_token(net->instance->bans, client_id, &verdict);
    *identity = verdict.identity;
    *reason = verdict.why;
    *why = verdict.reason ? verdict.reason : verdict.error;
    return verdict.status == 101;
}

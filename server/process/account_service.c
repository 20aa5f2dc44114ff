#include "process/account_service.h"

#include <stdlib.h>

#include "accounts/accounts.h"
#include "api/api.h"
#include "base/memory.h"
#include "process/account_tokens.h"

struct account_service {
    struct account_tokens *tokens;
    struct api_accounts for_api;
};

static bool judge(void *arg, struct bytes token, char id[ACCOUNT_ID_LEN + 1],
                  uint32_t *generation)
{
    return account_tokens_judge(arg, token, id, generation);
}

static void publish(void *arg, struct buffer *out)
{
    account_tokens_publish(arg, out);
}

static bool set_up(struct account_service *service, const struct config *config,
                   struct error *error)
{
    const struct account_options *options = &config->accounts;
    service->tokens = account_tokens_new(options, &config->auth, error);
    if (!service->tokens)
        return false;
    const struct account_signer signer = {account_tokens_sign, service->tokens};
    service->for_api = (struct api_accounts){
        .accounts = accounts_new(options, &signer, error),
        .judge = judge,
        .publish = publish,
        .arg = service->tokens,
        .token_seconds = options->token_seconds + config->auth.leeway_seconds,
    };
    return service->for_api.accounts != NULL;
}

bool account_service_new(const struct config *config, struct api *api,
                         struct account_service **made, struct error *error)
{
    if (!config->accounts.url)
        return true;
    struct account_service *service = memory_new(1, sizeof *service);
    *made = service;
    if (!set_up(service, config, error))
        return false;
    api_use_accounts(api, &service->for_api);
    return true;
}

const char *account_service_keys(const struct account_service *service)
{
    return service ? account_tokens_keys(service->tokens) : NULL;
}

bool account_service_tick(struct account_service *service)
{
    return service && account_tokens_tick(service->tokens);
}

void account_service_settle(struct account_service *service)
{
    if (service)
        accounts_settle(service->for_api.accounts);
}

void account_service_free(struct account_service *service)
{
    if (!service)
        return;
    accounts_free(service->for_api.accounts);
    account_tokens_free(service->tokens);
    free(service);
}

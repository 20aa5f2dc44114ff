#include "api/key_refusal.h"

#include "api/api_access.h"

void key_refusal_answer(struct api_call *call, uint32_t part,
                        enum refusal_reason reason, const char *field)
{
    const struct refusal_reason_info *info = refusal_reason_info(reason);
    call_refuse(call, part, info->status, field, info->error);
    api_access_note(call->worker, &call->client,
                    bytes_of(routes_path(call->route)), reason, info->status);
}

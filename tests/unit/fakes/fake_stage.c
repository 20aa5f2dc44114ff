#include "fake_stage.h"

#include "base/log.h"
#include "fake_protocol.h"

struct fake_instance *fake_stage_open(unsigned workers)
{
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    return fake_instance_new(workers);
}

void fake_stage_close(struct fake_instance *fake)
{
    fake_protocol_notes();
    fake_instance_free(fake);
}

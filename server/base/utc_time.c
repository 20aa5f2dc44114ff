#include "base/utc_time.h"

#include <stdio.h>
#include <time.h>

void utc_time_print(int64_t time_ms, char out[UTC_TIME_TEXT])
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t len = strftime(out, UTC_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + len, UTC_TIME_TEXT - len, ".%03dZ", (int)(time_ms % 1000));
}

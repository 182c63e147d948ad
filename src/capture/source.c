#include "capture/source.h"

#include <inttypes.h>
#include <stdio.h>

const char *source_place(uint32_t interface, char place[SOURCE_PLACE])
{
	place[0] = '\0';
	if (interface)
		snprintf(place, SOURCE_PLACE, ": interface %" PRIu32, interface - 1);
	return place;
}

#include "capture/missed.h"

#include "capture/iface.h"

void missed_begin(struct missed *m, uint32_t index)
{
	if (!index || iface_missed(index, &m->told) < 0)
		m->told = UINT64_MAX;
}

/* A driver may begin anew. One that could not be asked at first is counted from the first time that it can be. */
void missed_ask(struct missed *m, uint32_t index)
{
	uint64_t now;

	if (iface_missed(index, &now) < 0)
		return;
	if (now > m->told)
		m->total += now - m->told;
	m->told = now;
}

#include "util/repeat.h"

#include <stdio.h>
#include <string.h>

#include "util/units.h"

static size_t kept_subject(const struct repeat_message *m)
{
	return m->subject < REPEAT_TEXT_SIZE ? m->subject : REPEAT_TEXT_SIZE - 1;
}

static bool is_of_kind(const struct repeat_kind *k, const struct repeat_message *m)
{
	return k->format == m->format && k->subject == kept_subject(m) &&
	    memcmp(k->text, m->text, k->subject) == 0;
}

/* The message's kind, else a free place, else the one of all others. */
static struct repeat_kind *find(struct repeats *r, const struct repeat_message *m)
{
	struct repeat_kind *place = &r->kinds[REPEAT_KINDS];

	for (unsigned i = REPEAT_KINDS; i-- > 0;) {
		struct repeat_kind *k = &r->kinds[i];

		if (!k->format)
			place = k;
		else if (is_of_kind(k, m))
			return k;
	}
	return place;
}

bool repeats_take(struct repeats *r, const struct repeat_message *m, uint64_t now_ns)
{
	struct repeat_kind *k = find(r, m);

	if (!k->format)
		*k = (struct repeat_kind){
		    .format = m->format, .end_ns = now_ns + REPEAT_WINDOW_S * NS_PER_S};
	k->subject = kept_subject(m);
	k->level = m->level;
	k->is_mixed = k == &r->kinds[REPEAT_KINDS];
	snprintf(k->text, sizeof(k->text), "%s", m->text);
	if (k->said < REPEAT_MESSAGES) {
		k->said++;
		return true;
	}
	k->held_back++;
	return false;
}

bool repeats_next(struct repeats *r, uint64_t now_ns, struct repeat_kind *held)
{
	for (unsigned i = 0; i <= REPEAT_KINDS; i++) {
		struct repeat_kind *k = &r->kinds[i];

		if (!k->format || now_ns < k->end_ns)
			continue;
		*held = *k;
		k->format = NULL;
		if (held->held_back)
			return true;
	}
	return false;
}

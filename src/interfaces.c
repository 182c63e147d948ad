#include "interfaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/iface.h"

/* As much as there is room for, not ending within a character of UTF-8. */
static void copy_text(char *out, size_t size, const char *text)
{
	size_t n = strlen(text);

	if (n >= size) {
		n = size - 1;
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(out, text, n);
	out[n] = '\0';
}

/* An index has one entry: the last one that is put. */
static int put(struct interface_list *l, uint32_t index, const char *name, const char *description)
{
	struct interface_info *entry = NULL;

	for (size_t i = 0; i < l->count && !entry; i++)
		if (l->entries[i].index == index)
			entry = &l->entries[i];
	if (!entry) {
		entry = realloc(l->entries, (l->count + 1) * sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		l->entries = entry;
		entry += l->count++;
	}
	*entry = (struct interface_info){.index = index};
	copy_text(entry->name, sizeof(entry->name), name);
	copy_text(entry->description, sizeof(entry->description), description);
	return 0;
}

/* -- live ------------------------------------------------------------------------------------- */

struct search {
	struct interface_list *list;
	const struct config_input *wanted;
	int rc;
};

/* An interface of the machine: does the option mean it? */
static void consider(void *ctx, const struct iface *iface)
{
	struct search *s = ctx;
	bool any = strcmp(s->wanted->name, "any") == 0;

	if (s->rc == 0 && (any || strcmp(s->wanted->name, iface->name) == 0))
		s->rc = put(s->list, s->wanted->ingress ? s->wanted->ingress : iface->index,
		    iface->name, iface->alias ? iface->alias : iface->name);
}

/* One that has not been there so far has no index. */
static int put_captured(struct interface_list *l, const struct live_interface *i)
{
	const struct link *link = &i->link;

	if (link->index == 0)
		return 0;
	return put(l, i->wanted->ingress ? i->wanted->ingress : link->index, link->name,
	    *link->alias ? link->alias : link->name);
}

/* An interface that is not there is told of by whoever opens it. */
static int put_interface(struct interface_list *l, const struct config_input *wanted)
{
	struct search s = {.list = l, .wanted = wanted};

	if (wanted->ingress && strcmp(wanted->name, "any") == 0)
		return put(l, wanted->ingress, "any", "any");
	iface_each(consider, &s);
	return s.rc;
}

/* -- files ------------------------------------------------------------------------------------ */

static int put_file(struct interface_list *l, const struct config *c)
{
	const char *path = c->files[0].name;
	const char *slash = strrchr(path, '/');

	if (strcmp(path, "-") == 0)
		path = "standard input";
	else if (slash)
		path = slash + 1;
	return put(l, c->file_ingress, "file", path);
}

/* -- all -------------------------------------------------------------------------------------- */

int interfaces_list(
    struct interface_list *l, const struct config *c, const struct live_watch *watch)
{
	int rc = 0;

	*l = (struct interface_list){NULL, 0};
	for (size_t i = 0; rc == 0 && i < c->interface_count; i++)
		rc = watch && strcmp(c->interfaces[i].name, "any") != 0
		    ? put_captured(l, live_watch_interface(watch, i))
		    : put_interface(l, &c->interfaces[i]);
	if (rc == 0 && c->file_count)
		rc = put_file(l, c);
	for (size_t i = 0; rc == 0 && i < c->ports.name_count; i++) {
		const struct port_name *port = &c->ports.names[i];

		rc = put(l, port->index, port->name, port->name);
	}
	return rc;
}

void interfaces_fini(struct interface_list *l)
{
	free(l->entries);
	*l = (struct interface_list){NULL, 0};
}

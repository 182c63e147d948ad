/*
 * The settings of a run, checked: what the command line and the configuration file ask for.
 */
#ifndef SPANFLOW_CONF_CONFIG_H
#define SPANFLOW_CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "capture/source.h"
#include "conf/setting.h"
#include "decode/decode.h"
#include "export/encoder.h"
#include "meter/dedup.h"
#include "meter/expiry.h"
#include "meter/flow.h"
#include "meter/portmap.h"
#include "meter/sampler.h"
#include "transport/sender.h"
#include "transport/udp.h"
#include "util/log.h"

#define CONFIG_INPUTS_MAX 1024
#define CONFIG_WORKERS_MAX 64
#define CONFIG_BUFFER_MIN (64u << 10)
#define CONFIG_COLLECTORS_MAX 32
#define CONFIG_GROUPS_MAX 16

struct config_input {
	const char *name; /* interface or file */
	uint32_t ingress; /* exported ifIndex of an interface; 0: its own */
};

/* One destination of records: a collector over UDP, or lines to a file or standard output. */
struct config_collector {
	char *text;       /* what the strings below are cut from; owned */
	char *url;        /* as the ledger shows it; owned */
	char *name;       /* as messages name it, with its group; owned */
	const char *host; /* NULL: lines */
	uint16_t port;
	const char *path; /* of lines: file, NULL: standard output */
	bool format_given;
	bool records_given;
	struct encoder_options encoding; /* without `out` */
	struct sender_options sending;   /* the rate is that of files */
	struct udp_options udp;
	uint64_t resolve_ns; /* its name is looked up again this often, 0: never */
	const char *group;   /* NULL: it gets every record */
};

/* Collectors that share the records: `balance` gives each flow to one of them, `failover` all to
 * the first that can be reached. */
enum group_policy { GROUP_REPLICATE, GROUP_BALANCE, GROUP_FAILOVER };

struct config_group {
	char *name; /* owned */
	enum group_policy policy;
	uint64_t hold_down_ns; /* a member that failed is left alone for so long */
};

/* The socket that spanflowctl asks through. */
struct config_control {
	char *path; /* NULL: there is none; owned */
	mode_t mode;
	const char *owner; /* NULL: the program's, like the group */
	const char *group;
	uid_t uid; /* of these, (uid_t)-1: none; config_find_accounts() puts them */
	gid_t gid;
};

/* Who the program is once it has opened what it needs. */
struct config_user {
	const char *name; /* NULL: "spanflow", if there is such an account */
	const char
	    *root;    /* the directory that is all it can see of files; NULL: it is not changed */
	bool changes; /* config_find_accounts(): to these */
	uid_t uid;
	gid_t gid;
};

/* Where metrics are served by HTTP. */
struct config_metrics {
	struct sockaddr_storage address;
	socklen_t size; /* 0: they are not */
	const char *text;
};

enum stats_style { STATS_NONE, STATS_TEXT, STATS_JSON };

/* What a reload has to do about an option that has another value. */
enum reload_part {
	RELOAD_NOT, /* it takes effect by a restart alone */
	RELOAD_COLLECTORS,
	RELOAD_SAMPLING,
	RELOAD_TIMEOUTS,
	RELOAD_FILTER,
	RELOAD_LOG,
	RELOAD_PART_COUNT
};

struct config {
	struct config_input interfaces[CONFIG_INPUTS_MAX];
	size_t interface_count;
	struct config_input files[CONFIG_INPUTS_MAX];
	size_t file_count;
	struct config_collector collectors[CONFIG_COLLECTORS_MAX];
	size_t collector_count;
	struct config_group groups[CONFIG_GROUPS_MAX];
	size_t group_count;
	char *filter; /* BPF expression or NULL; owned */

	enum format format;
	struct records_choice records; /* where a collector or output names none */
	struct sampling_plan sampling;
	const char *class_filters[SELECTORS_MAX]; /* BPF expressions of rules 1 and above */
	bool overload_samples; /* live: more than can be metered is sampled (meter/overload.h) */
	unsigned key_changes;  /* set of 1 << enum key_part */
	struct timeouts timeouts;
	uint32_t workers; /* live: threads that capture; of files: shards of the flow table */
	uint32_t max_flows;
	uint64_t packet_limit; /* 0: none */
	uint64_t duration_ns;  /* 0: none */
	enum source_direction direction;
	enum source_capture capture;
	uint32_t file_ingress;
	bool file_ingress_given; /* else a pcapng file's interfaces are told apart */
	struct port_map ports;
	bool dedup; /* copies of a packet are ignored */
	struct dedup_windows dedup_windows;
	bool fragments; /* later ones take the ports of the first */
	bool time_now;  /* files: times are shifted so that the latest is now */
	struct decode_options decode;
	uint64_t buffer_bytes;
	enum source_offloads offloads;
	bool wait; /* for interfaces that are not there, or are down */
	bool seed_given;
	uint64_t seed;
	struct config_control control;
	struct config_metrics metrics;
	bool seal; /* live: rights are given up once everything is open */
	struct config_user user;
	enum stats_style stats;
	bool quiet;
	enum log_level log_level;
	enum log_format log_format;
	const char *file; /* the configuration file or NULL */
	bool test_only;
	bool show_version;
	bool show_help;

	struct settings settings; /* what all of this was made from; strings above point into it */
};

/* Makes it ready for config_parse(), which puts the defaults. */
void config_init(struct config *c);
void config_fini(struct config *c);

/*
 * Reads the command line, and the configuration file if it names one. 0, or -EINVAL after saying what is wrong. With show_help or
 * show_version set nothing else has been checked.
 */
int config_parse(struct config *c, int argc, char **argv);

/*
 * reload.c: what the command line and the configuration file say by now, with the former values of all that a
 * restart alone can change; each of those that differ is told. `next` is ready for it after config_init().
 * `now` must outlive `next`. 0, with the parts that differ as a set of 1 << enum reload_part, RELOAD_NOT for what was
 * told; or -EINVAL after saying what is wrong.
 */
int config_reload(
    struct config *next, const struct config *now, int argc, char **argv, unsigned *parts);
/* config.c: whether settings that have been applied go together, and what follows from them. 0 or -EINVAL. */
int config_finish(struct config *c);

/*
 * account.c: looks up the users and groups that have been named; this reads files. 0, or -EINVAL after saying
 * which there is not.
 */
int config_find_accounts(struct config *c);

/* Messages are from now on as the settings have it. */
void config_set_log(const struct config *c);

/* print.c: prints the options on standard output, one screen. */
void config_print_help(void);
/* Prints a configuration file on standard output that means what `c` holds, defaults included. */
void config_print(const struct config *c);

/* True when packets come from interfaces rather than files. */
static inline bool config_is_live(const struct config *c)
{
	return c->interface_count > 0;
}

/* Whether BPF expressions choose a packet's sampling rule. */
static inline bool config_has_classes(const struct config *c)
{
	return c->class_filters[1] != NULL;
}

#endif

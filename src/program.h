/*
 * SPINE: the stages of a run, as spanflow.c builds them and operate.c works with them.
 */
#ifndef SPANFLOW_PROGRAM_H
#define SPANFLOW_PROGRAM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf/config.h"
#include "control/losses.h"
#include "exporter.h"
#include "interfaces.h"
#include "live.h"
#include "own_export.h"
#include "resolver.h"
#include "util/ring.h"
#include "worker.h"

struct program {
	struct config config;
	struct own_exports own_exports;
	struct interface_list interfaces;
	/* One a worker, or a shard of the one that reads files. */
	struct ring *rings[CONFIG_WORKERS_MAX];
	struct live live;
	struct exporter *exporter;
	struct worker *workers[CONFIG_WORKERS_MAX];
	pthread_t worker_threads[CONFIG_WORKERS_MAX];
	unsigned worker_count;
	pthread_t exporter_thread;
	int signal_fd;
	int workers_fd;  /* a worker has ended */
	int exporter_fd; /* the exporter has ended */
	int dead_fd;     /* every output has broken */
	int order_fd;    /* a worker is done with its order */
	struct losses losses;
	struct resolver resolver;
	unsigned unresolved; /* collectors without an address at the start */
	uint64_t started_ns; /* steady clock */
	uint64_t started_wall_ns;
	bool stopping;
	bool failed;
};

#endif

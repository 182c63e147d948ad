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
#include "exporting.h"
#include "formers.h"
#include "live.h"
#include "live_watch.h"
#include "own_export.h"
#include "worker.h"

struct program {
	struct config config; /* as the program was started */
	int argc;
	char **argv;
	struct own_exports own_exports;
	const struct config
	    *settings; /* those that are in effect: `config`, or others after a reload */
	int guard;     /* -1: there is none, and no rights are given up */
	struct live live;
	struct exporting *exporting;
	struct formers formers;
	struct live_watch *watch; /* NULL: files */
	struct worker *workers[CONFIG_WORKERS_MAX];
	pthread_t worker_threads[CONFIG_WORKERS_MAX];
	unsigned worker_count;
	int signal_fd;
	int workers_fd; /* a worker has ended */
	int dead_fd;    /* every output has broken */
	int order_fd;   /* a worker is done with its order */
	struct losses losses;
	unsigned interface_changes; /* of which collectors are told, so far */
	uint64_t started_ns;        /* steady clock */
	uint64_t started_wall_ns;
	bool stopping;
	bool failed;
};

#endif

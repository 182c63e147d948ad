/*
 * The program, so that tests can link all of it.
 */
#ifndef SPANFLOW_SPANFLOW_H
#define SPANFLOW_SPANFLOW_H

/* Exit status: 0 all went well, 1 something failed, 2 wrong usage. */
int spanflow_main(int argc, char **argv);

#endif

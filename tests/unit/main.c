/*
 * Runs all unit tests. Check's environment variables choose what is run and how it is shown:
 * CK_RUN_SUITE=table, CK_FORK=no, CK_TAP_LOG_FILE_NAME=- (TAP on standard output), ...
 */
#include <stdlib.h>
#include <string.h>

#include "suites.h"

static enum print_output verbosity(void)
{
	const char *tap = getenv("CK_TAP_LOG_FILE_NAME");

	return tap && strcmp(tap, "-") == 0 ? CK_SILENT : CK_ENV;
}

int main(void)
{
	SRunner *runner = srunner_create(NULL);
	int failed;

#define X(name) srunner_add_suite(runner, name##_suite());
	SUITES(X)
#undef X
	srunner_run_all(runner, verbosity());
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

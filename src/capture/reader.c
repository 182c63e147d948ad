#include "capture/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int reader_fail(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, READER_WHY, format, args);
	va_end(args);
	return -EINVAL;
}

int reader_ended(const struct input *input, char *why)
{
	int error = input_error(input);

	if (error == -ENODATA)
		return 0;
	if (error != -EINTR)
		reader_fail(why, "%s", input_why(input));
	return error;
}

int reader_cut(const struct input *input, char *why)
{
	int error = reader_ended(input, why);

	return error ? error : reader_fail(why, "the file is cut: it ends here");
}

#include "client/client.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* With a standard descriptor closed the next file or socket would take its number,
 * and what is meant for a reader would be written into it. */
static bool stand_in(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	return fd < 0 || close(fd) == 0;
}

int main(int argc, char **argv)
{
	if (!stand_in())
		return EXIT_FAILED;
	if (argc > 1 && strcmp(argv[1], "__complete") == 0)
		return complete_run(argc, argv);
	return client_run(argc, argv);
}

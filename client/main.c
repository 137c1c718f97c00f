#include "client/client.h"

#include <string.h>

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "__complete") == 0)
		return complete_run(argc, argv);
	return client_run(argc, argv);
}

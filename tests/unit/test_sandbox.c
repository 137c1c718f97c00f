/* What a child gave up it cannot do, and the rest it can. */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/sandbox.h"

/* The wait status of a child that enters and then does `what`. */
static int after(enum sandbox kind, void (*what)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (!sandbox_enter(kind))
			_exit(99);
		what();
		_exit(7);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void planted_exec(void)
{
	execl("/bin/true", "true", NULL);
}

static void planted_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void plain_work(void)
{
	int fd = open("/dev/null", O_WRONLY);

	if (fd < 0 || write(fd, "x", 1) != 1 || close(fd))
		_exit(1);
}

static bool killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static bool went_on(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

static void no_programs(void **state)
{
	(void)state;
	assert_true(killed(after(SANDBOX_NO_PROGRAMS, planted_exec)));
	assert_true(killed(after(SANDBOX_NO_SOCKETS, planted_exec)));
}

static void no_sockets(void **state)
{
	(void)state;
	assert_true(killed(after(SANDBOX_NO_SOCKETS, planted_socket)));
	assert_true(went_on(after(SANDBOX_NO_PROGRAMS, planted_socket)));
}

static void the_rest_goes_on(void **state)
{
	(void)state;
	assert_true(went_on(after(SANDBOX_NO_PROGRAMS, plain_work)));
	assert_true(went_on(after(SANDBOX_NO_SOCKETS, plain_work)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_programs),
		cmocka_unit_test(no_sockets),
		cmocka_unit_test(the_rest_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_FD "ZHIBU_READY_FD"
#define STEP_MS 20
/* Far enough that who waits for a short answer goes first, not so far that locks
 * held by who gives way are waited for. */
#define NICE_BY 10

/* By default the kernel shares the processor among sessions first, and each of
 * PostgreSQL's processes is one: there a process's own number says nothing, its
 * session's does.  Few of those may be set in a second (EAGAIN). */
bool process_give_way(pid_t pid)
{
	char path[64], number[16];
	bool again;
	int fd;

	setpriority(PRIO_PROCESS, (id_t)pid, NICE_BY);
	snprintf(path, sizeof(path), "/proc/%ld/autogroup", (long)pid);
	snprintf(number, sizeof(number), "%d", NICE_BY);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	again = write(fd, number, strlen(number)) < 0 && errno == EAGAIN;
	close(fd);
	return !again;
}

void process_harden(void)
{
	const struct rlimit none = { 0, 0 };

	umask(077);
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

bool process_self(char *out, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", out, cap);

	if (n <= 0 || (size_t)n >= cap)
		return false;
	out[n] = '\0';
	return true;
}

/* The child's own part, up to the new program. */
static void become(const struct process_start *start, pid_t parent, int ready)
{
	char number[16];
	char **argv;
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, start->die_with_us);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!start->foreground)
		setpgid(0, 0); /* the terminal's ^C is for us alone */
	if (start->output >= 0) {
		dup2(start->output, STDOUT_FILENO);
		dup2(start->output, STDERR_FILENO);
	}
	unsetenv(READY_FD);
	if (ready >= 0) {
		snprintf(number, sizeof(number), "%d", ready);
		setenv(READY_FD, number, 1);
	}
	/* exec takes char **, and does not write */
	memcpy(&argv, &start->argv, sizeof(argv));
	execv(start->program, argv);
	_exit(127);
}

pid_t process_start(const struct process_start *start)
{
	int ends[2] = { -1, -1 };
	pid_t parent = getpid(), pid;

	if (start->ready && pipe2(ends, O_NONBLOCK))
		return -1;
	if (start->ready)
		fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	pid = fork();
	if (pid == 0)
		become(start, parent, ends[1]);
	if (ends[1] >= 0)
		close(ends[1]);
	if (start->ready && pid > 0)
		*start->ready = ends[0];
	else if (ends[0] >= 0)
		close(ends[0]);
	return pid;
}

void process_tell_ready(void)
{
	const char *text = getenv(READY_FD);
	int fd = text ? atoi(text) : -1;

	if (fd <= STDERR_FILENO)
		return;
	unsetenv(READY_FD);
	/* nobody there to read it: then nobody wants to know */
	(void)!write(fd, "", 1);
	close(fd);
}

bool process_ready(int fd)
{
	char c;

	return read(fd, &c, 1) == 1;
}

bool process_wait(pid_t pid, unsigned ms, int *status)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	for (unsigned waited = 0;; waited += STEP_MS) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid || (got < 0 && errno == ECHILD))
			return true;
		if (waited >= ms)
			return false;
		nanosleep(&step, NULL);
	}
}

void process_end(pid_t pid, int soft, unsigned ms, int hard)
{
	if (pid <= 0)
		return;
	kill(pid, soft);
	if (process_wait(pid, ms, NULL))
		return;
	kill(pid, hard);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int process_run(const struct process_start *start)
{
	pid_t pid = process_start(start);
	int status;

	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c: the socket that the server listens on, and how many it may have beside. */
#include <arpa/inet.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http/private.h"
#include "http/server.h"

unsigned connections_most(void)
{
	struct rlimit files;
	enum { OTHERS = 512 };
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return 256;
	if (files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max < 8192 ? files.rlim_max : 8192;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	rlim_t room = files.rlim_cur > 2 * OTHERS ? files.rlim_cur - OTHERS : files.rlim_cur / 2;
	return room < HTTP_CONNECTIONS ? (unsigned)room : HTTP_CONNECTIONS;
}

int bind_to(const char *address, uint16_t *port, struct err *err)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(*port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(*port)};
	bool is_six = inet_pton(AF_INET, address, &four.sin_addr) != 1;
	if (is_six)
		inet_pton(AF_INET6, address, &six.sin6_addr);
	void *any = is_six ? (void *)&six : (void *)&four;
	socklen_t n = is_six ? sizeof(six) : sizeof(four);
	int yes = 1,
	    fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "a socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, any, n) != 0 || listen(fd, 1024) != 0 || getsockname(fd, any, &n) != 0) {
		(void)err_errno(err, "listening on %s port %u", address, *port);
		close(fd);
		return -1;
	}
	*port = ntohs(is_six ? six.sin6_port : four.sin_port);
	return fd;
}

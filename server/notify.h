/*
 * Word to the service manager that started us, by its socket in $NOTIFY_SOCKET
 * (sd_notify(3)); without one nothing happens.
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

void notify_manager(const char *state);

#endif

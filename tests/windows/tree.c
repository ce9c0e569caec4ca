/* A tree of processes that can be counted from outside: each holds a TCP connection to the test and sends a dot every 20 ms.
 *
 * The connection of a process that ended is closed by the system, whatever the code under test believes; and from one that is
 * suspended no dot comes. usage: tree.exe PORT SHAPE [GROW_MS]   SHAPE "7,6": seven children with six each; GROW_MS: and one more
 * every so many milliseconds, without end.
 */
#include <winsock2.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char self[MAX_PATH];

static void start(const char *port, const char *shape) {
    char line[2 * MAX_PATH];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION made;
    snprintf(line, sizeof line, "\"%s\" %s %s", self, port, shape);
    if (CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &made)) {
        CloseHandle(made.hProcess);
        CloseHandle(made.hThread);
    }
}

int main(int argc, char **argv) {
    WSADATA data;
    struct sockaddr_in at = {.sin_family = AF_INET};
    char hello[32];
    int grow = argc > 3 ? atoi(argv[3]) : 0, since = 0;
    if (argc < 3 || WSAStartup(MAKEWORD(2, 2), &data)) return 2;
    GetModuleFileNameA(NULL, self, sizeof self);
    at.sin_port = htons((u_short)atoi(argv[1]));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SOCKET line = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(line, (struct sockaddr *)&at, sizeof at)) return 3;
    snprintf(hello, sizeof hello, "%lu\n", GetCurrentProcessId());
    send(line, hello, (int)strlen(hello), 0);
    const char *rest = strchr(argv[2], ',');
    for (int n = atoi(argv[2]); n > 0; n--) start(argv[1], rest ? rest + 1 : "0");
    while (send(line, ".", 1, 0) == 1) {
        Sleep(20);
        if (grow && (since += 20) >= grow) {
            start(argv[1], "0");
            since = 0;
        }
    }
    return 0;
}

/* A tree of processes that can be counted from outside: each holds a TCP connection to the test and sends a dot every 20 ms.
 *
 * The connection of a process that ended is closed by the system, whatever the code under test believes; and from one that is
 * suspended no dot comes. usage: tree.exe PORT SHAPE [GROW_MS]   SHAPE "7,6": seven children with six each; GROW_MS: and one more
 * every so many milliseconds, up to MOST_GROWN. Each ends by itself after LIFE_S, should nobody have ended it.
 */
#include <winsock2.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_GROWN 100
#define LIFE_S 90

static char self[MAX_PATH];

static int start(const char *port, const char *shape) {
    char line[2 * MAX_PATH];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION made;
    snprintf(line, sizeof line, "\"%s\" %s %s", self, port, shape);
    if (CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &made)) {
        CloseHandle(made.hProcess);
        CloseHandle(made.hThread);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    WSADATA data;
    struct sockaddr_in at = {.sin_family = AF_INET};
    char hello[32];
    int grow = argc > 3 ? atoi(argv[3]) : 0, since = 0, grown = 0;
    ULONGLONG begun = GetTickCount64();
    if (argc < 3 || WSAStartup(MAKEWORD(2, 2), &data)) return 2;
    GetModuleFileNameA(NULL, self, sizeof self);
    at.sin_port = htons((u_short)atoi(argv[1]));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SOCKET line = socket(AF_INET, SOCK_STREAM, 0);
    for (int tries = 0; connect(line, (struct sockaddr *)&at, sizeof at); tries++) {
        if (tries == 50) return 3;
        closesocket(line);
        Sleep(20);
        line = socket(AF_INET, SOCK_STREAM, 0);
    }
    snprintf(hello, sizeof hello, "%lu\n", GetCurrentProcessId());
    send(line, hello, (int)strlen(hello), 0);
    const char *rest = strchr(argv[2], ',');
    for (int n = atoi(argv[2]); n > 0; n--)
        for (int tries = 0; tries < 50 && !start(argv[1], rest ? rest + 1 : "0"); tries++) Sleep(20);
    while (send(line, ".", 1, 0) == 1 && GetTickCount64() - begun < LIFE_S * 1000) {
        Sleep(20);
        if (grow && grown < MOST_GROWN && (since += 20) >= grow) {
            start(argv[1], "0");
            grown++;
            since = 0;
        }
    }
    return 0;
}

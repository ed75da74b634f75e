/* keelsample: the service that the system tests install, update and break.
 *
 * The file of its release, /usr/share/keelsample/release, controls it: a version, a behaviour and optionally seconds. When it
 * is ready it writes "VERSION PID GREETING" to /run/keelsample/version, so that a test sees which version runs. With the
 * argument "health" it is the health command, and succeeds unless the release is "unhealthy". */

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t asked_to_stop;

static void stop(int number) { (void)number; asked_to_stop = 1; }

/* sd_notify(3), with the protocol from its manual page. */
static void notify(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path) return;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') address.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    sendto(fd, state, strlen(state), 0, (struct sockaddr *)&address,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
    close(fd);
}

static void rest(double seconds) {
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&left, &left) < 0 && errno == EINTR && !asked_to_stop) {}
}

int main(int argc, char **argv) {
    char version[64] = "", behaviour[32] = "good", greeting[128] = "-";
    double seconds = 5;
    FILE *file = fopen("/usr/share/keelsample/release", "r");
    if (!file || fscanf(file, "%63s %31s %lf", version, behaviour, &seconds) < 2) {
        fprintf(stderr, "keelsample: no release file\n");
        return 1;
    }
    fclose(file);
    if (argc > 1 && !strcmp(argv[1], "health")) {
        if (!strcmp(behaviour, "unhealthy")) {
            fprintf(stderr, "keelsample %s is not healthy\n", version);
            return 3;
        }
        return 0;
    }
    file = fopen("/etc/keelsample.conf", "r");
    if (file) {
        char line[256];
        while (fgets(line, sizeof line, file)) sscanf(line, "Greeting=%127s", greeting);
        fclose(file);
    }
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);

    if (!strcmp(behaviour, "crashes")) {
        fprintf(stderr, "keelsample %s crashes at its start\n", version);
        return 42;
    }
    if (!strcmp(behaviour, "hangs")) {
        fprintf(stderr, "keelsample %s is never ready\n", version);
        while (!asked_to_stop) rest(3600);
        return 0;
    }
    file = fopen("/run/keelsample/version", "w");
    if (!file) {
        perror("keelsample: /run/keelsample/version");
        return 1;
    }
    fprintf(file, "%s %ld %s\n", version, (long)getpid(), greeting);
    fclose(file);
    notify("READY=1");
    printf("keelsample %s serves\n", version);
    fflush(stdout);
    if (!strcmp(behaviour, "dies")) {
        rest(seconds);
        fprintf(stderr, "keelsample %s dies after a while\n", version);
        abort();
    }
    while (!asked_to_stop) rest(3600);
    if (!strcmp(behaviour, "lingers")) {
        asked_to_stop = 0;
        while (1) rest(3600);
    }
    return 0;
}

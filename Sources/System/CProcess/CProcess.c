#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

// The descriptors of a child: three that it knows of, and where it reports why it could not begin.
enum { REPORT = 3, DESCRIPTORS_MAX = 65536 };

int hub_user_find(const char *name, uint32_t *user, uint32_t *group) {
    struct passwd record, *found = NULL;
    char buffer[4096];
    if (getpwnam_r(name, &record, buffer, sizeof buffer, &found) != 0 || !found) return -1;
    *user = found->pw_uid;
    *group = found->pw_gid;
    return 0;
}

static int limit(int what, uint64_t most) {
    if (most == 0) return 0;
    // A program may handle the soft limit's signal; behind the hard one it is killed.
    struct rlimit both = {.rlim_cur = (rlim_t)most, .rlim_max = (rlim_t)most + (what == RLIMIT_CPU)};
    return setrlimit(what, &both);
}

// Sockets and files of the parent are none of the child's business.
static void close_others(void) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, REPORT + 1, ~0U, 0) == 0) return;
#endif
    for (int fd = REPORT + 1; fd < DESCRIPTORS_MAX; fd++) close(fd);
}

// Puts the descriptors in their places. They are moved out of the way first: one may stand where another one belongs.
static int arrange(int *descriptors, int count) {
    for (int i = 0; i < count; i++) {
        descriptors[i] = fcntl(descriptors[i], F_DUPFD, count);
        if (descriptors[i] < 0) return -1;
    }
    for (int i = 0; i < count; i++) {
        if (dup2(descriptors[i], i) < 0) return -1;
    }
    close_others();
    return fcntl(REPORT, F_SETFD, FD_CLOEXEC);
}

static int tame_signals(void) {
    // What is ignored here would be ignored there.
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

// Between fork and exec: only functions that are safe there in a process with threads.
static void become(const struct hub_process_order *order, int *descriptors, uint32_t uid, uint32_t gid, pid_t parent) {
    // Without its place for reports it can only end.
    if (arrange(descriptors, REPORT + 1) != 0) _exit(126);
    if (order->is_bound ? setpgid(0, 0) != 0 : setsid() < 0) return;
    if (tame_signals() != 0) return;
    if (order->user && (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0)) return;
#ifdef __linux__
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
    if (order->is_bound && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
#endif
    // The parent may have gone before anybody listened.
    if (order->is_bound && getppid() != parent) return;
    if (chdir(order->folder) != 0) return;
    if (limit(RLIMIT_CPU, order->cpu_seconds_max) != 0
        || limit(RLIMIT_FSIZE, order->file_bytes_max) != 0 || limit(RLIMIT_AS, order->memory_bytes_max) != 0)
        return;
    execve(order->path, (char *const *)order->arguments, (char *const *)order->environment);
}

// What the child reports before it ends: nothing once the program runs.
static int read_report(int fd) {
    int failure = 0;
    ssize_t count;
    do {
        count = read(fd, &failure, sizeof failure);
    } while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof failure ? failure : 0;
}

int32_t hub_process_start(const struct hub_process_order *order) {
    uint32_t uid = 0, gid = 0;
    if (order->user && hub_user_find(order->user, &uid, &gid) != 0) {
        errno = ESRCH;
        return -1;
    }
    int report[2];
    if (pipe(report) != 0) return -1;
    for (int i = 0; i < 2; i++) fcntl(report[i], F_SETFD, FD_CLOEXEC);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int descriptors[] = {order->input, order->output, order->errors, report[1]};
    for (int i = 0; i < REPORT; i++) {
        if (descriptors[i] < 0) descriptors[i] = nothing;
    }
    pid_t parent = getpid(), child = nothing < 0 ? -1 : fork();
    if (child == 0) {
        become(order, descriptors, uid, gid, parent);
        int failure = errno ? errno : ECANCELED;
        ssize_t written = write(REPORT, &failure, sizeof failure);
        _exit(written < 0 ? 126 : 127);
    }
    int failure = errno;
    close(report[1]);
    if (nothing >= 0) close(nothing);
    if (child > 0) {
        failure = read_report(report[0]);
        if (failure != 0) {
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
            child = -1;
        }
    }
    close(report[0]);
    errno = failure;
    return (int32_t)child;
}

int hub_process_watch(int32_t process) {
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, process, 0);
#else
    (void)process;
    return -1;
#endif
}

int hub_process_has_ended(int32_t process) {
    siginfo_t information = {.si_pid = 0};
    return waitid(P_PID, (id_t)process, &information, WEXITED | WNOHANG | WNOWAIT) != 0 || information.si_pid == process;
}

int hub_process_poll(int32_t process, int *status) {
    int raw = 0;
    pid_t ended = waitpid(process, &raw, WNOHANG);
    if (ended == 0) return 0;
    if (ended < 0) return -1;
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    return 1;
}
